"""What JSON would change without a word, found before it is written.

JSON has no NaN and no infinity (they would become `null`), and a moment without time zone comes
back without one. All of them would be accepted today and missed at the next start. Each class gets
one check, made from its annotations when it is first written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec

Check = Callable[[Any, str], None]
"""Takes a value and the name of the field it stands in; raises TypeError or ValueError."""


@cache
def check_of(annotation: Any) -> Check | None:
    """Make the check for values of a type; None where nothing can go wrong."""
    annotation = getattr(annotation, "__supertype__", annotation)
    if annotation in _CHECKS:
        return _CHECKS[annotation]
    if attrs.has(annotation):
        return _of_class(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return _of_optional([part for part in arguments if part is not NoneType])
    if origin is tuple:
        return _of_items(check_of(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _json if arguments[1] is Any else _of_values(check_of(arguments[1]))
    return None


def _float(value: float, field: str) -> None:
    if not math.isfinite(value):
        message = f"{field} is {value}"
        raise ValueError(message)


def _moment(value: datetime, field: str) -> None:
    if value.tzinfo is None:
        message = f"{field} has no time zone"
        raise ValueError(message)


def _json(value: Any, field: str) -> None:
    if isinstance(value, float):
        _float(value, field)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                message = f"{field} has a key that is not a string: {key!r}"
                raise TypeError(message)
            _json(item, f"{field}.{key}")
    elif isinstance(value, list):
        for item in value:
            _json(item, field)
    elif not isinstance(value, str | int | NoneType | msgspec.Raw):
        # A tuple would come back as a list, a Decimal as a string.
        message = f"{field} holds a {type(value).__name__}, which JSON does not keep as it is"
        raise TypeError(message)


_CHECKS: dict[Any, Check] = {float: _float, datetime: _moment, Any: _json}


def _of_class(cls: type[attrs.AttrsInstance]) -> Check | None:
    hints = get_type_hints(cls)
    checks = [
        (field.name, check)
        for field in attrs.fields(cls)
        if (check := check_of(hints[field.name])) is not None
    ]

    if len(checks) < 2:  # attrgetter gives a tuple from two names on only
        checks *= 2
    if not checks:
        return None
    read = attrgetter(*(name for name, _ in checks))

    def run(value: Any, _field: str) -> None:
        for item, (name, check) in zip(read(value), checks, strict=True):
            # Nothing can be wrong with zero or nothing, and most collections are empty.
            if item:
                check(item, name)

    return run


def _of_optional(parts: list[Any]) -> Check | None:
    check = check_of(parts[0]) if len(parts) == 1 else None
    if check is None:
        return None

    def run(value: Any, field: str) -> None:
        if value is not None:
            check(value, field)

    return run


def _of_items(check: Check | None) -> Check | None:
    if check is None:
        return None

    def run(value: Any, field: str) -> None:
        for item in value:
            check(item, field)

    return run


def _of_values(check: Check | None) -> Check | None:
    if check is None:
        return None

    def run(value: Any, field: str) -> None:
        for item in value.values():
            check(item, field)

    return run
