"""What the draw says at each moment: a pure function of seed, trader, coin and time."""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.domain.candles import interval_ms
from nof0_core.ids import Symbol, TraderId
from nof0_llm.baseline.params import BaselineParams

DAY_MS = 86_400_000
_SCALE = 2.0**64


@attrs.frozen(kw_only=True)
class Draws:
    """What is drawn of a coin at some moments: whether to enter anything, and to leave it."""

    is_entry: npt.NDArray[np.bool_]
    is_leaving: npt.NDArray[np.bool_]


def is_entry(params: BaselineParams, trader: TraderId, time_ms: int) -> bool:
    """Tell whether the draw of a moment (milliseconds UTC) asks for an entry.

    Raises:
        ValueError: `params.interval` is none.
    """
    length = interval_ms(params.interval)
    found = _numbers(f"{params.seed}\n{trader}\nentry", time_ms // DAY_MS, length)
    return bool(found[time_ms % DAY_MS // length] < _chance(params, length))


def is_leaving(params: BaselineParams, trader: TraderId, symbol: Symbol, time_ms: int) -> bool:
    """Tell whether the draw of a moment asks to close what is held of a coin."""
    length = interval_ms(params.interval)
    found = _numbers(f"{params.seed}\n{trader}\nleave {symbol}", time_ms // DAY_MS, length)
    return bool(found[time_ms % DAY_MS // length] < _leaving(params, length))


def choice(params: BaselineParams, trader: TraderId, time_ms: int) -> random.Random:
    """Return what draws coin and side of the entry of a moment."""
    slot = time_ms // interval_ms(params.interval)
    source = f"{params.seed}\n{trader}\nchoice {slot}".encode()
    return random.Random(hashlib.sha256(source).digest())


def draws_at(
    params: BaselineParams, trader: TraderId, symbol: Symbol, times: npt.NDArray[np.int64]
) -> Draws:
    """Return what the functions above say at many moments, oldest first."""
    length = interval_ms(params.interval)
    days, slots = times // DAY_MS, times % DAY_MS // length
    entry, leave = np.empty(len(times)), np.empty(len(times))
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(times)]
    for first, last in pairwise(edges):
        if first == last:
            continue
        day, those = int(days[first]), slice(first, last)
        drawn = _numbers(f"{params.seed}\n{trader}\nentry", day, length)
        entry[those] = drawn[slots[those]]
        drawn = _numbers(f"{params.seed}\n{trader}\nleave {symbol}", day, length)
        leave[those] = drawn[slots[those]]
    return Draws(
        is_entry=entry < _chance(params, length), is_leaving=leave < _leaving(params, length)
    )


@lru_cache(maxsize=256)
def _numbers(source: str, day: int, length: int) -> npt.NDArray[np.float64]:
    """Draw the numbers of a day at once, evenly between 0 and 1, one for each `length` ms."""
    count = -(-DAY_MS // length)
    drawn = hashlib.shake_256(f"{source}\n{day}".encode()).digest(8 * count)
    found = np.frombuffer(drawn, dtype=">u8").astype(np.float64) / _SCALE
    found.flags.writeable = False
    return found


def _chance(params: BaselineParams, length: int) -> float:
    return min(1.0, params.trades_per_day * length / DAY_MS)


def _leaving(params: BaselineParams, length: int) -> float:
    return length / (params.hold / timedelta(milliseconds=1))
