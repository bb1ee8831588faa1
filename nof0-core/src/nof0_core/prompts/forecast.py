"""How large the result of a filter or a method of texts gets, said before it is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from types import MappingProxyType
from typing import Any

from nof0_core.prompts.effort import Effort, TooMuchError, check_size, size_of

MAX_TEXT = 10_000
"""Characters that `text * number` may give, and that filters which go to and fro are given."""
MAX_WIDTH = 999
"""Width and digits of a number or text that is formatted."""
MAX_BITS = 4096
"""Bits of a product of whole numbers."""

Forecast = Callable[..., None]
"""Is called with the effort and all arguments; raises `TooMuchError`."""

_PRINTED = re.compile(
    r"%(?:%|(?:\([^)]*\))?[-#0 +]*(?P<width>\*|\d*)(?:\.(?P<digits>\*|\d*))?)", re.ASCII
)
_NESTED_KEY = re.compile(r"%\([^)]*\(")
_DIGITS = re.compile(r"\d{4,}")


def printed(effort: Effort, form: object, *values: object, **named: object) -> None:
    """Look at `form % values`, which may name a width of its own for each value."""
    text = form if isinstance(form, str) else str(form)
    if _NESTED_KEY.search(text):
        message = "a key with a bracket in it cannot be formatted in templates"
        raise TooMuchError(message)
    fields = list(_PRINTED.finditer(text))
    widths = [0]
    for field in fields:
        for number in (field["width"], field["digits"]):
            if number == "*" or (number and (len(number) > 3)):
                raise TooMuchError(_wide())
            widths.append(int(number or 0))
    _filled(effort, text, len(fields), max(widths), (*values, *named.values()))


def formatted(effort: Effort, form: str, *values: object, **named: object) -> None:
    """Look at `form.format(…)`."""
    count = 0
    for _, field, spec, _ in Formatter().parse(form):
        if field is None:
            continue
        count += 1
        if "{" in (spec or "") or _DIGITS.search(spec or ""):
            raise TooMuchError(_wide())
    effort.step(count)
    _filled(effort, form, count, MAX_WIDTH if count else 0, (*values, *named.values()))


def _wide() -> str:
    return f"a width or number of digits is over {MAX_WIDTH} or not written down"


def _filled(effort: Effort, form: str, fields: int, width: int, values: Iterable[object]) -> None:
    longest = max(map(size_of, values), default=0)
    effort.look(form)
    check_size(len(form) + fields * max(width, longest))


def _filled_up(_: Effort, __: object, width: Any = 0, *___: object) -> None:
    check_size(_whole(width))


def _tabs(_: Effort, text: str, tabsize: Any = 8) -> None:
    check_size(len(text) + text.count("\t") * _whole(tabsize))


def _replaced(effort: Effort, text: Any, old: Any, new: Any, *_: object, **__: object) -> None:
    text, old, new = str(text), str(old), str(new)
    effort.look(text)
    check_size(len(text) + (text.count(old) if old else len(text) + 1) * len(new))


def _joined_by(_: Effort, between: str, items: list[Any]) -> None:
    check_size(size_of(items) + len(items) * len(between))


def _indented(_: Effort, text: Any, width: Any = 4, *__: object, **___: object) -> None:
    text = str(text)
    wide = len(width) if isinstance(width, str) else _whole(width)
    check_size(len(text) + (len(text.splitlines()) + 1) * wide)


def _wrapped(effort: Effort, text: Any, *given: Any, **named: Any) -> None:
    text, between = str(text), named.get("wrapstring", given[2] if len(given) > 2 else None)
    _slow(effort, text)
    check_size(2 * len(text) + len(text) * len(between or ""))


def _slow(effort: Effort, value: object, *_: object, **__: object) -> None:
    """Look at what may take longer the farther it is: little is allowed, and all of it counts."""
    size = size_of(value)
    if size > MAX_TEXT:
        message = f"that filter takes at most {MAX_TEXT} characters and items"
        raise TooMuchError(message)
    effort.step(size)


def _indented_json(_: Effort, value: object, indent: Any = None) -> None:
    wide = len(indent) if isinstance(indent, str) else _whole(indent or 0)
    check_size(wide and size_of(value) * (1 + wide))


def _parts(_: Effort, __: object, count: Any, *___: object, **____: object) -> None:
    check_size(_whole(count))


def _rounded(_: Effort, __: object, precision: Any = 0, *___: object, **____: object) -> None:
    if abs(_whole(precision)) > MAX_WIDTH:
        raise TooMuchError(_wide())


def _summed(_: Effort, __: object, *given: object, **named: object) -> None:
    start = named.get("start", given[1] if len(given) > 1 else 0)
    if hasattr(start, "__len__"):
        message = "sum adds up numbers alone; use join for texts"
        raise TooMuchError(message)


def _whole(number: Any) -> int:
    return number if isinstance(number, int) else int(number)


def _refused(*_: object, **__: object) -> None:
    message = "that method is not available in templates"
    raise TooMuchError(message)


def _product(_: Effort, left: Any, right: Any) -> None:
    """Look at `left * right`."""
    if type(left) is int and type(right) is int:
        if left.bit_length() + right.bit_length() > MAX_BITS:
            message = f"a product has more than {MAX_BITS} bits"
            raise TooMuchError(message)
        return
    for one, other in ((left, right), (right, left)):
        is_sequence = isinstance(one, Iterable) and hasattr(one, "__len__")
        if is_sequence and isinstance(other, int) and len(one) * other > MAX_TEXT:
            message = f"a product has more than {MAX_TEXT} characters"
            raise TooMuchError(message)


def _total(_: Effort, left: Any, right: Any) -> None:
    """Look at `left + right`."""
    if hasattr(left, "__len__") and hasattr(right, "__len__"):
        check_size(len(left) + len(right))


def _remainder(effort: Effort, left: Any, right: Any) -> None:
    """Look at `left % right`, which formats a text."""
    if isinstance(left, str | bytes):
        values = right if isinstance(right, tuple) else (right,)
        named = right if isinstance(right, dict) else {}
        printed(effort, left, *values, *named.values())


def _power(*_: object) -> None:
    message = "** is not available in templates"
    raise TooMuchError(message)


def _quotient(*_: object) -> None:
    """Look at `left / right`: no longer than what it is made of."""


OPERATORS: Mapping[str, Forecast] = MappingProxyType(
    {"*": _product, "**": _power, "+": _total, "%": _remainder, "/": _quotient}
)
"""Operators whose results may be larger than what they are given."""
FILTERS: Mapping[str, Forecast] = MappingProxyType(
    {
        "batch": _parts,
        "center": _filled_up,
        "format": printed,
        "indent": _indented,
        "pprint": _slow,
        "replace": _replaced,
        "round": _rounded,
        "slice": _parts,
        "striptags": _slow,
        "sum": _summed,
        "tojson": _indented_json,
        "urlize": _slow,
        "wordwrap": _wrapped,
        "xmlattr": _slow,
    }
)
"""Filters whose results may be much larger than what they are given, or that take long."""
METHODS: Mapping[str, Forecast] = MappingProxyType(
    {
        "center": _filled_up,
        "encode": _refused,
        "expandtabs": _tabs,
        "format": formatted,
        "format_map": formatted,
        "join": _joined_by,
        "ljust": _filled_up,
        "replace": _replaced,
        "rjust": _filled_up,
        "striptags": _slow,
        "translate": _refused,
        "unescape": _slow,
        "zfill": _filled_up,
    }
)
"""The same of methods of texts."""
