"""Checks that recorded rows are what they claim to be."""

from __future__ import annotations

from typing import Any

import numpy as np

from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms
from nof0_core.recordings.table import Table

_DAY_MS = interval_ms("1d")


def checked_candles(table: Table, interval: Interval, *, allow_gaps: bool) -> Candles:
    """Turn a table of candle rows into candles.

    Raises:
        DataError: naming file, line and what is wrong there.
    """
    _check_times(table, interval, allow_gaps=allow_gaps)
    prices, volume = table.values[:, 1:5], table.values[:, 5]
    opens, highs, lows, closes = prices.T
    _refuse(table, ~np.isfinite(table.values).all(axis=1), "a value is missing (NaN) or infinite")
    _refuse(table, (prices <= 0).any(axis=1), "a price is not above 0")
    _refuse(table, volume < 0, "the volume is negative")
    _refuse(table, lows > highs, "low is above high")
    outside = (np.minimum(opens, closes) < lows) | (np.maximum(opens, closes) > highs)
    _refuse(table, outside, "open or close lies outside of low and high")
    return Candles(
        interval=interval,
        open_time=table.values[:, 0].astype(np.int64),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volume,
    )


def check_funding(table: Table, interval: Interval, *, allow_gaps: bool) -> None:
    """Check the rows of a funding file, in place.

    Raises:
        DataError: naming file, line and what is wrong there.
    """
    _check_times(table, interval, allow_gaps=allow_gaps)
    rates = table.values[:, 1]
    _refuse(table, ~np.isfinite(rates), "the rate is missing (NaN) or infinite")
    # The venue caps funding at 4 % per hour; more means percent were written instead of a fraction.
    _refuse(
        table,
        np.abs(rates) > 0.04,
        "the rate is above 0.04 per hour",
        "write fractions, not percent",
    )


def _check_times(table: Table, interval: Interval, *, allow_gaps: bool) -> None:
    times = table.values[:, 0]
    _refuse(table, ~np.isfinite(times), "the time stamp is missing")
    _refuse(table, times != np.floor(times), "the time stamp is not a whole number of milliseconds")
    # Seconds instead of milliseconds would put the bars into January 1970.
    _refuse(table, times < 1e11, "the time stamp is not in milliseconds since 1970")
    steps = np.diff(times)
    for row in np.flatnonzero(steps <= 0)[:1]:
        word = "appears twice" if steps[row] == 0 else "comes after a later one"
        raise table.error(
            int(row) + 1,
            f"the time stamp {_text(times[row + 1])} {word}",
            "sort the rows by time and keep one row for each time",
        )
    length = interval_ms(interval)
    if len(steps) and steps.min() < length:
        row = int(np.argmin(steps))
        raise table.error(
            row + 1,
            f"the bar opens {int(steps[row]) / 1000:g} s after the one before it, "
            f"but {interval} bars are {length // 1000} s long",
            "name the file after the interval it holds",
        )
    # Weeks begin where the venue says; all shorter bars open at multiples of their length.
    origin = times[0] % length if length > _DAY_MS else 0
    _refuse(
        table,
        times % length != origin,
        f"the bar does not open at a multiple of {interval}",
        "name the file after the interval it holds, with open times in UTC",
    )
    if len(steps) > 1 and steps.min() > length:
        raise table.error(
            1,
            f"bars are at least {int(steps.min()) // 1000} s apart, but {interval} was expected",
            "name the file after the interval it holds",
        )
    if not allow_gaps:
        _refuse_gaps(table, interval)


def _refuse_gaps(table: Table, interval: Interval) -> None:
    times, length = table.values[:, 0], interval_ms(interval)
    gaps = np.flatnonzero(np.diff(times) > length)
    if not len(gaps):
        return
    row = int(gaps[0])
    missing = int(times[row + 1] - times[row]) // length - 1
    more = f" ({len(gaps)} gaps in all)" if len(gaps) > 1 else ""
    raise table.error(
        row + 1,
        f"{missing} {interval} row{'s' if missing > 1 else ''} missing, "
        f"from {_text(times[row] + length)} to {_text(times[row + 1])}{more}",
        "fill the gap, or set `gaps: allow` to trade on without these bars",
    )


def _refuse(
    table: Table, bad: Any, message: str, hint: str = "correct the row or export again"
) -> None:
    # numpy's stubs call the result of any(axis=1) a scalar or an array; here it is (rows,) of bool.
    rows = np.flatnonzero(bad)
    if len(rows):
        raise table.error(int(rows[0]), message, hint)


def _text(milliseconds: float) -> str:
    return from_ms(int(milliseconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
