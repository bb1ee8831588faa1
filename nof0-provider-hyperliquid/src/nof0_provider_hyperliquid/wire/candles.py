"""Bars, and the proof that they are closed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TypeAlias

from nof0_core.domain.candles import Candles, Interval, interval_ms
from nof0_core.errors import DataError
from nof0_provider_hyperliquid.wire.reading import bad, milliseconds, record, rows, shown

INTERVALS = tuple(
    Interval(text)
    for text in ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w")
)
"""What the venue has and nof0 knows; months are not all equally long."""
GRACE = timedelta(seconds=2)
"""So long after its end the venue's time proves that a bar has closed."""
_DAY_MS = 86_400_000

Bar: TypeAlias = tuple[int, float, float, float, float, float]
"""Open time in ms, open, high, low, close, volume."""


def check_interval(interval: Interval) -> int:
    """Return the length of a bar in milliseconds.

    Raises:
        DataError: the venue has no such bars.
    """
    if interval not in INTERVALS:
        message = f'the venue has no "{interval}" bars, only {", ".join(INTERVALS)}'
        raise DataError(message)
    return interval_ms(interval)


def read_bars(answer: object, coin: str, interval: Interval) -> dict[int, Bar]:
    """Return an answer to `candleSnapshot` by open time; the newest may still be open.

    Raises:
        DataError: a bar is of another coin or interval, off the grid, contradicts itself, or
            another one of the same time.
    """
    where, length = f"{interval} bars of {coin}", interval_ms(interval)
    found: dict[int, Bar] = {}
    for row in rows(answer, where):
        bar = _bar(record(row, where), coin, interval, length, where)
        if found.setdefault(bar[0], bar) != bar:
            bad(where, f"there are two different ones that open at {bar[0]}")
    return found


def closed(bars: Mapping[int, Bar], interval: Interval, venue_ms: int | None = None) -> list[Bar]:
    """Return the bars that are proven to be closed, oldest first.

    Proof is a later bar, or the venue's time `venue_ms` at least `GRACE` past the end.
    """
    times = sorted(bars)
    if not times:
        return []
    newest = bars[times[-1]]
    found = [bars[time] for time in times[:-1]]
    if venue_ms is not None and is_past(newest[0] + interval_ms(interval), venue_ms):
        found.append(newest)
    return found


def is_past(close_ms: int, venue_ms: int) -> bool:
    """Tell whether the venue's time proves that a bar which ends at `close_ms` has closed."""
    return venue_ms >= close_ms + GRACE // timedelta(milliseconds=1)


def candles(interval: Interval, bars: Iterable[Bar]) -> Candles:
    """Return bars, oldest first, as arrays."""
    columns: Sequence[Sequence[float]] = list(zip(*bars, strict=True)) or [()] * 6
    time, open_, high, low, close, volume = columns
    return Candles(
        interval=interval,
        open_time=time,
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )


def _bar(row: Mapping[str, object], coin: str, interval: Interval, length: int, where: str) -> Bar:
    if row.get("s", coin) != coin or row.get("i", interval) != interval:
        bad(where, f"one is of {shown(row.get('s'))} and {shown(row.get('i'))}")
    time = milliseconds(row.get("t"), f"{where}: t")
    ends = row.get("T", time + length - 1)
    # Weeks begin where the venue says.
    if ends != time + length - 1 or (length <= _DAY_MS and time % length):
        bad(where, f"one from {time} to {shown(ends)} is off the grid")
    low, high = _number(row, "l", where), _number(row, "h", where)
    first, last = _number(row, "o", where), _number(row, "c", where)
    volume = _number(row, "v", where)
    if not 0 < low <= min(first, last) <= max(first, last) <= high or volume < 0:
        bad(where, f"the one that opens at {time} contradicts itself")
    return time, first, high, low, last, volume


def _number(row: Mapping[str, object], key: str, where: str) -> float:
    value = row.get(key)
    found = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            found = float(value)
    if not math.isfinite(found):
        bad(where, f"{key} is {shown(value)}, not a number")
    return found
