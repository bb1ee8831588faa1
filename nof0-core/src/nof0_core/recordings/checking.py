"""Checks that recorded rows are what they claim to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.table import Table

_DAY_MS = interval_ms("1d")
_SETTLING_MS = 1000
"""A venue stamps a settlement of funding when it is done, up to a second past the hour."""


def candle_faults(table: Table, interval: Interval, *, allow_gaps: bool) -> Iterator[Fault]:
    """Yield everything that is wrong with the rows of a candle file; the worst comes first."""
    yield from table.faults
    if not len(table.values):
        return
    yield from _time_faults(table, interval, allow_gaps=allow_gaps, what="bar")
    prices, volume = table.values[:, 1:5], table.values[:, 5]
    opens, highs, lows, closes = prices.T
    finite = np.isfinite(table.values).all(axis=1)
    yield from _each(table, ~finite, "value", "a value is missing (NaN) or infinite")
    above = finite & (prices > 0).all(axis=1)
    yield from _each(table, finite & ~above, "value", "a price is not above 0")
    yield from _each(table, finite & (volume < 0), "value", "the volume is negative")
    yield from _each(table, above & (lows > highs), "value", "low is above high")
    outside = (np.minimum(opens, closes) < lows) | (np.maximum(opens, closes) > highs)
    yield from _each(
        table,
        above & (lows <= highs) & outside,
        "value",
        "open or close lies outside of low and high",
    )


def candles_of(table: Table, interval: Interval) -> Candles:
    """Turn the rows of a table without faults into candles."""
    times, opens, highs, lows, closes, volume = table.values.T
    return Candles(
        interval=interval,
        open_time=times.astype(np.int64),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volume,
    )


def settled(table: Table, interval: Interval) -> Table:
    """Put funding that the venue stamped as it was settled at the hour it was for."""
    times = table.values[:, 0]
    late = np.mod(times, interval_ms(interval))
    values = table.values.copy()
    values[:, 0] = np.where(late < _SETTLING_MS, times - late, times)
    return attrs.evolve(table, values=values)


def funding_faults(table: Table, interval: Interval, *, allow_gaps: bool) -> Iterator[Fault]:
    """Yield everything that is wrong with the rows of a settled funding file."""
    yield from table.faults
    if not len(table.values):
        return
    yield from _time_faults(table, interval, allow_gaps=allow_gaps, what="rate")
    rates = table.values[:, 1]
    yield from _each(table, ~np.isfinite(rates), "value", "the rate is missing (NaN) or infinite")
    # The venue caps funding at 4 % per hour; more means percent were written instead of a fraction.
    yield from _each(
        table,
        np.abs(np.nan_to_num(rates, posinf=0, neginf=0)) > 0.04,
        "rate",
        "the rate is above 0.04 per hour",
        "write fractions, not percent",
    )


def _time_faults(
    table: Table, interval: Interval, *, allow_gaps: bool, what: str
) -> Iterator[Fault]:
    times = table.values[:, 0]
    known = np.isfinite(times)
    yield from _each(table, ~known, "value", "the time stamp is missing")
    whole = known & (times == np.floor(np.nan_to_num(times)))
    yield from _each(
        table, known & ~whole, "grid", "the time stamp is not a whole number of milliseconds"
    )
    rest = table.part(whole)
    stamps = rest.values[:, 0]
    newest = np.maximum.accumulate(stamps)
    keep = np.ones(len(stamps), dtype=bool)
    for row in map(int, np.flatnonzero(stamps[1:] <= newest[:-1]) + 1):
        # What appeared before need not stand next to it.
        is_same = stamps[row] in (stamps[row - 1], newest[row - 1])
        keep[row] = False
        yield rest.fault(
            row,
            "duplicate" if is_same else "order",
            f"the time stamp {text_of(stamps[row])} "
            + ("appears twice" if is_same else "comes after a later one"),
            "sort the rows by time and keep one row for each time",
        )
    rest = rest.part(keep)
    yield from _grid_faults(rest, interval, what)
    if not allow_gaps:
        yield from gaps_of(rest, interval)


def _grid_faults(table: Table, interval: Interval, what: str) -> Iterator[Fault]:
    times, length = table.values[:, 0], interval_ms(interval)
    if not len(times):
        return
    rename = "name the file after the interval it holds"
    steps = np.diff(times)
    positive = steps[steps > 0]
    if what == "rate":
        late = np.mod(times, length)
        yield from _each(
            table,
            late != 0,
            "grid",
            "the funding rate is stamped more than a second past the hour",
            "give the rate of every hour, stamped when it was paid",
        )
        return
    if len(positive) and positive.min() < length and (times % length == 0).mean() <= 0.5:
        row = int(np.flatnonzero((steps > 0) & (steps == positive.min()))[0])
        yield table.fault(
            row + 1,
            "grid",
            f"the bar opens {int(steps[row]) / 1000:g} s after the one before it, "
            f"but {interval} bars are {length // 1000} s long",
            rename,
        )
        return
    # Weeks begin where the venue says; all shorter bars open at multiples of their length.
    origin = times[0] % length if length > _DAY_MS else 0
    yield from _each(
        table,
        times % length != origin,
        "grid",
        f"the bar does not open at a multiple of {interval}",
        f"{rename}, with open times in UTC",
    )
    if len(steps) > 1 and len(positive) and positive.min() > length:
        yield table.fault(
            1,
            "grid",
            f"bars are at least {int(positive.min()) // 1000} s apart, but {interval} was expected",
            rename,
        )


def gaps_of(table: Table, interval: Interval) -> Iterator[Fault]:
    """Yield the gaps between rows that are in order, each at the first row after it."""
    times, length = table.values[:, 0], interval_ms(interval)
    gaps = np.flatnonzero(np.diff(times) > length)
    for row in map(int, gaps):
        missing = int(times[row + 1] - times[row]) // length - 1
        more = f" ({len(gaps)} gaps in all)" if len(gaps) > 1 and row == gaps[0] else ""
        if not missing:
            continue
        yield table.fault(
            row + 1,
            "gap",
            f"{missing} {interval} row{'s' if missing > 1 else ''} missing, "
            f"from {text_of(times[row] + length)} to {text_of(times[row + 1])}{more}",
            "fill the gap, or set `gaps: allow` to trade on without these bars",
        )


def _each(
    table: Table, bad: Any, kind: str, message: str, hint: str = "correct the row or export again"
) -> Iterator[Fault]:
    # numpy's stubs call the result of any(axis=1) a scalar or an array; here it is (rows,) of bool.
    for row in np.flatnonzero(bad):
        yield table.fault(int(row), kind, message, hint)


def text_of(milliseconds: float) -> str:
    """Write a time as files and messages have it."""
    return from_ms(int(milliseconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
