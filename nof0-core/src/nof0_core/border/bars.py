"""What bars must be like before anybody sees them."""

from __future__ import annotations

from datetime import datetime

import attrs
import numpy as np

from nof0_core.border.values import LATEST, shown
from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms, to_ms
from nof0_core.errors import DataError
from nof0_core.ids import Symbol

TIMES, PRICES, VOLUME = "open_time", ("open", "high", "low", "close"), "volume"
STALE_INTERVALS = 3
"""A series whose newest bar closed this many intervals ago is no longer shown to anybody."""


def checked_bars(
    section: str,
    symbol: Symbol,
    interval: Interval,
    candles: Candles,
    end: datetime | None = None,
) -> Candles:
    """Return bars that can be true, in arrays that nobody can change any more.

    Args:
        section: name of the market section, for the message.
        symbol: whose bars they are.
        interval: the interval that was asked for.
        candles: what the provider returned.
        end: no bar may close after this; None where later bars are expected (a recording).

    Raises:
        DataError: what is no bars, bars of another interval, columns of different length, times not
            ascending, a number that is not finite, a price that is not positive, a low above or a
            high below the rest, or a bar that was still open at `end`.
    """
    where = f"market {section}: {symbol} {interval}"
    wrong = _wrong(candles)
    if wrong:
        _refuse(section, f"{where}: the provider's answer {wrong}")
    candles = attrs.evolve(candles)
    if candles.interval != interval:
        _refuse(section, f"{where}: the provider gave bars of {shown(candles.interval)}")
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    if any(column.shape != candles.open_time.shape for column in columns):
        _refuse(section, f"{where}: columns differ in length")
    if not len(candles):
        return candles
    if candles.open_time[0] < 0 or candles.open_time[-1] > to_ms(LATEST):
        _refuse(section, f"{where}: bars are not in order of time: they are not of 1970…2199")
    steps = np.diff(candles.open_time)
    if (steps <= 0).any():
        at = int(np.argmax(steps <= 0)) + 1
        _refuse(section, f"{where}: bars are not in order of time at {_time(candles, at)}")
    low, high = candles.low, candles.high
    validated = np.isfinite(np.stack(columns)).all(axis=0) & (low > 0) & (candles.volume >= 0)
    for price in (candles.open, candles.close):
        validated &= (low <= price) & (price <= high)
    if not validated.all():
        at = int(np.argmin(validated))
        _refuse(section, f"{where}: the bar of {_time(candles, at)} contradicts itself")
    closed = int(candles.open_time[-1]) + interval_ms(candles.interval)
    if end is not None and closed > to_ms(end):
        _refuse(
            section,
            f"{where}: the provider gave a bar that closes at {from_ms(closed):%Y-%m-%d %H:%M:%S}, "
            f"after {end:%Y-%m-%d %H:%M:%S}",
        )
    return candles


def _wrong(candles: object) -> str:
    """Say what is wrong with the types; whoever makes `Candles` as usual gets them right."""
    if type(candles) is not Candles:
        return f"is {shown(candles)}, no Candles"
    if type(candles.interval) is not str:
        return f"has the interval {shown(candles.interval)}"
    for name in (TIMES, *PRICES, VOLUME):
        column: object = getattr(candles, name, None)
        wanted = np.int64 if name == TIMES else np.float64
        if type(column) is not np.ndarray or column.dtype != wanted or column.ndim != 1:
            return f"has as {name} {shown(column)}, no array of {wanted.__name__}"
    return ""


def _time(candles: Candles, at: int) -> str:
    return f"{from_ms(candles.open_time[at]):%Y-%m-%d %H:%M:%S}"


def _refuse(section: str, message: str) -> None:
    raise DataError(message, section=section)
