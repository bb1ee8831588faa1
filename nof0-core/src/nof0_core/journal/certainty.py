"""Which bodies are sure to come back from JSON as they are, without being read back.

JSON keeps a value of some types as it is, whatever it is: a string, a whole number, a truth, a
member of an enumeration, a finite float or `Decimal`, a moment in UTC, nothing at all; so it does
with records and mappings of them. Each class gets one function, written from its annotations when
it is first asked for, that looks whether a body is made of nothing else: exactly these types, where
its annotations say so. It proves one thing only. What it does not know it does not vouch for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from itertools import count
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

Proof = Callable[[Any], bool]
"""Takes a value of exactly the class it was made for, and tells whether it is sure to come back."""

_NEVER = "False"
_BY_TYPE = frozenset({str, int, bool})
_BY_VALUE = {
    float: "isfinite({0})",
    Decimal: "{0}.is_finite()",
    datetime: "{0}.tzinfo is UTC",
}
"""What has to be true of a value beside its type."""


@cache
def proof_of(cls: type) -> Proof:
    """Make the function of a class."""
    names: dict[str, Any] = {"UTC": UTC, "isfinite": math.isfinite}
    source = _record(cls, "body", names, count())
    # The text has nothing in it but names of fields and those made here.
    proof: Proof = eval(f"lambda body: {source}", names)  # noqa: S307
    return proof


def _record(cls: type, name: str, names: dict[str, Any], numbers: count[int]) -> str:
    """Write what is true of a record by this name if all its fields are certain."""
    if not _is_plain(cls):
        return _NEVER
    hints = get_type_hints(cls)
    parts = [
        _value(hints[field.name], f"{name}.{field.name}", names, numbers)
        for field in attrs.fields(cls)
    ]
    return " and ".join(parts) or "True"


def _is_plain(cls: type) -> bool:
    """Tell whether a class is made of its fields alone, and compared by all of them."""
    if not attrs.has(cls) or hasattr(cls, "__attrs_post_init__"):
        return False
    return all(
        field.init and field.eq and field.alias == field.name
        and field.converter is None and field.validator is None and field.eq_key is None
        for field in attrs.fields(cls)
    )  # fmt: skip


def _value(annotation: Any, value: str, names: dict[str, Any], numbers: count[int]) -> str:
    """Write what is true of an expression if its value is certain."""
    annotation = getattr(annotation, "__supertype__", annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        [kind, *others] = [part for part in arguments if part is not NoneType]
        own = _NEVER if others else _value(kind, value, names, numbers)
        return f"({value} is None or {own})" if NoneType in arguments else own
    found = f"v{next(numbers)}"
    if origin is tuple:
        return f"{value} == ()"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = [_plain(part, f"{found}{place}", names) for place, part in enumerate(arguments)]
        wanted = " and ".join(inner)
        items = f"for {found}0, {found}1 in {value}.items()"
        return f"type({value}) is dict and all({wanted} {items})"
    if attrs.has(annotation):
        kind = _named(annotation, names)
        inside = _record(annotation, found, names, numbers)
        return f"type({found} := {value}) is {kind} and {inside}"
    return _plain(annotation, value, names)


def _plain(annotation: Any, value: str, names: dict[str, Any]) -> str:
    """Write what is true of a value that is no record, no mapping and no sequence."""
    annotation = getattr(annotation, "__supertype__", annotation)
    if annotation in _BY_VALUE:
        rule = _BY_VALUE[annotation].format(value)
        return f"type({value}) is {_named(annotation, names)} and {rule}"
    is_enumeration = isinstance(annotation, type) and issubclass(annotation, Enum)
    if annotation in _BY_TYPE or is_enumeration:
        return f"type({value}) is {_named(annotation, names)}"
    return _NEVER


def _named(cls: type, names: dict[str, Any]) -> str:
    """Return by what name a class is known in the text."""
    name = f"{cls.__name__}_{id(cls)}"
    names[name] = cls
    return name
