"""Durations as text: `500ms`, `8s`, `3m`, `1h`, `2d`."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> timedelta:
    """Read a duration; parts may follow each other, largest first: `1h30m`. A minus sign may lead.

    Raises:
        ValueError: if the text is no duration; a number without unit is none, but 0.
    """
    if text == "0":
        return timedelta(0)
    body = text.removeprefix("-")
    parts = _PART.findall(body)
    units = list(_UNITS)
    order = [units.index(unit) for _, unit in parts]
    if not parts or "".join(n + u for n, u in parts) != body or order != sorted(set(order))[::-1]:
        message = f"expected a duration such as 500ms, 8s, 3m or 1h, got {text}"
        raise ValueError(message)
    try:
        total = sum((float(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        message = f"a duration of {text} is too long"
        raise ValueError(message) from None
    return -total if text.startswith("-") else total
