"""Units of time stamps: what a number counts is told by its size."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from nof0_core.domain.candles import FloatArray

UNITS = ("s", "ms", "us", "ns")
"""Seconds to nanoseconds since 1970, each a thousand times as many as the one before."""
_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_PER_MS = {"s": 1e-3, "ms": 1.0, "us": 1e3, "ns": 1e6}
_BOUNDS = (1e8, 1e11, 1e14, 1e17, 1e20)
"""From 1973 to the year 5138 no two units overlap; what lies outside is no time of a market."""
_EXPONENT = re.compile(r"\s*\"?([0-9.]+)[eE]\+?(\d+)\"?\s*")


def units(times: FloatArray) -> Sequence[str]:
    """Return the unit of each stamp, "" for what is none."""
    names = np.array(["", *UNITS, ""])
    return [str(name) for name in names[np.digitize(np.nan_to_num(times), _BOUNDS)]]


def usual(found: Sequence[str]) -> str:
    """Return the unit most stamps have, "ms" where none has one."""
    names, counts = np.unique([unit for unit in found if unit] or ["ms"], return_counts=True)
    return str(names[int(np.argmax(counts))])


def word(unit: str) -> str:
    """Name a unit in full."""
    return _WORDS[unit]


def milliseconds(times: FloatArray, unit: str) -> FloatArray:
    """Convert stamps to milliseconds; what float64 cannot tell of nanoseconds is rounded off."""
    if unit == "ms":
        return times
    converted = times / _PER_MS[unit]
    whole = np.rint(converted)
    return np.where(np.abs(converted - whole) < 1e-3, whole, converted)


def has_lost_digits(cell: str) -> bool:
    """Tell whether a stamp is written with fewer digits than it has, as spreadsheets show it."""
    found = _EXPONENT.fullmatch(cell)
    if found is None:
        return False
    return len(found[1].replace(".", "").lstrip("0")) <= int(found[2])
