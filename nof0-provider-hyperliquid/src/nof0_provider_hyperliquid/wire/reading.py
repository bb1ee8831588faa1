"""Values of JSON, checked as they are taken out. Keys nobody knows are left alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NoReturn, cast

from nof0_core.errors import DataError

_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE]-?[0-9]{1,2})?")
_SHOWN = 60
_LATEST_MS = 7_258_118_400_000
"""2200-01-01: a later time is none."""


def bad(where: str, what: str) -> NoReturn:
    """Say that an answer contradicts itself or what is known.

    Raises:
        DataError: always.
    """
    message = f"{where}: {what}"
    raise DataError(message)


def shown(value: object) -> str:
    """Return a value as a message shows it."""
    text = repr(value)
    return f"{text[:_SHOWN]}…" if len(text) > _SHOWN else text


def record(value: object, where: str) -> Mapping[str, object]:
    """Return an object of JSON.

    Raises:
        DataError: it is something else.
    """
    if not isinstance(value, dict):
        bad(where, f"is {shown(value)}, not an object")
    return cast("Mapping[str, object]", value)


def rows(value: object, where: str) -> Sequence[object]:
    """Return an array of JSON.

    Raises:
        DataError: it is something else.
    """
    if not isinstance(value, list):
        bad(where, f"is {shown(value)}, not an array")
    return value


def number(value: object, where: str) -> Decimal:
    """Return a decimal, which the venue writes as a string.

    Raises:
        DataError: it is none, or not finite.
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    bad(where, f"is {shown(value)}, not a number")


def number_or_none(value: object, where: str) -> Decimal | None:
    """Return a decimal, or None for null or a key that is not there.

    Raises:
        DataError: it is something else.
    """
    return None if value is None else number(value, where)


def price(value: object, where: str) -> Decimal:
    """Return a decimal above 0.

    Raises:
        DataError: it is none.
    """
    found = number(value, where)
    if found <= 0:
        bad(where, f"is {shown(value)}, which is no price")
    return found


def whole(value: object, where: str, *, least: int, most: int) -> int:
    """Return an integer within bounds.

    Raises:
        DataError: it is none, or out of bounds.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        bad(where, f"is {shown(value)}, not a whole number from {least} to {most}")
    return value


def milliseconds(value: object, where: str) -> int:
    """Return a time in milliseconds UTC.

    Raises:
        DataError: it is none.
    """
    return whole(value, where, least=1, most=_LATEST_MS)
