"""Everything one simulated market knows: bars of all symbols, funding, the period covered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.protocols import RecordedRange
from nof0_core.recordings.series import BarSeries, RateSeries

Bars = Mapping[Symbol, Mapping[Interval, BarSeries]]


class Recording:
    """Bars by symbol and interval, with the finest interval that all symbols have.

    With `derives` an interval that is a multiple of the finest one is made from it when somebody
    asks (synthetic markets); otherwise only what was recorded is served.
    """

    def __init__(
        self, bars: Bars, rates: Mapping[Symbol, RateSeries], *, derives: bool = False
    ) -> None:
        self._bars = {symbol: dict(by_interval) for symbol, by_interval in bars.items()}
        self._rates = dict(rates)
        self._derives = derives
        self.covers = _coverage(bars)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Return all symbols, sorted."""
        return tuple(sorted(self._bars))

    def intervals(self) -> dict[Symbol, tuple[Interval, ...]]:
        """Return the lengths of the bars each symbol has, shortest first."""
        return {
            symbol: tuple(sorted(self._bars[symbol], key=interval_ms)) for symbol in self.symbols
        }

    def periods(self) -> dict[Symbol, tuple[datetime, datetime]]:
        """Return from when to when each symbol has bars that quotes are made from, UTC."""
        found = {symbol: by[self.covers.resolution] for symbol, by in self._bars.items()}
        return {
            symbol: (from_ms(one.first_open + one.length_ms), from_ms(one.last_close))
            for symbol, one in found.items()
        }

    def finest(self, symbol: Symbol) -> BarSeries | None:
        """Return the bars quotes are made from; None for an unknown symbol."""
        by_interval = self._bars.get(symbol)
        return by_interval[self.covers.resolution] if by_interval else None

    def rate(self, symbol: Symbol) -> RateSeries | None:
        """Return the funding rates of a symbol, None where none were recorded."""
        return self._rates.get(symbol)

    def series(self, symbol: Symbol, interval: Interval) -> BarSeries:
        """Return the bars of a symbol and interval.

        Raises:
            DataError: naming what there is instead.
        """
        by_interval = self._bars.get(symbol)
        if by_interval is None:
            msg = f'the simulated market has no symbol "{symbol}"'
            raise DataError(
                msg,
                hints=(f"it has {', '.join(self.symbols)}",),
            )
        found = by_interval.get(interval)
        if found is None and self._derives:
            found = self._derived(symbol, interval)
        if found is None:
            msg = f"the simulated market has no {interval} candles of {symbol}"
            raise DataError(
                msg,
                hints=(f"it has {', '.join(sorted(by_interval, key=interval_ms))}",),
            )
        return found

    def turnover(self, symbol: Symbol, from_ms: int, to_ms: int) -> float | None:
        """Return the traded USD in (from, to] from the finest bars that reach back far enough."""
        by_interval = self._bars[symbol]
        for interval in sorted(by_interval, key=interval_ms):
            total = by_interval[interval].turnover(from_ms, to_ms)
            if total is not None:
                return total
        return None

    def digest(self) -> str:
        """Return SHA-256, in hexadecimal, of all bars and rates: equal for equal recordings."""
        found = hashlib.sha256()
        for symbol in self.symbols:
            for interval in sorted(self._bars[symbol], key=interval_ms):
                bars = self._bars[symbol][interval].candles
                found.update(f"{symbol} {interval} {len(bars)}\n".encode())
                found.update(bars.open_time.tobytes())
                for column in (bars.open, bars.high, bars.low, bars.close, bars.volume):
                    found.update(column.tobytes())
            rates = self._rates.get(symbol)
            if rates is not None:
                found.update(f"{symbol} funding {rates.digest()}\n".encode())
        return found.hexdigest()

    def _derived(self, symbol: Symbol, interval: Interval) -> BarSeries | None:
        finest = self._bars[symbol][self.covers.resolution]
        try:
            length = interval_ms(interval)
        except ValueError as error:
            raise DataError(str(error)) from error
        if length % finest.length_ms:
            return None
        candles = aggregate(finest.candles, interval)
        if not len(candles):
            return None
        series = self._bars[symbol][interval] = BarSeries(candles)
        return series


def aggregate(candles: Candles, interval: Interval) -> Candles:
    """Merge gapless bars into longer ones that open at multiples of `interval`.

    Bars of which a part lies outside of `candles` are left out, so the result may be empty.
    `interval` is a whole multiple of the candles' own.
    """
    step, length = interval_ms(candles.interval), interval_ms(interval)
    per_bar = length // step
    skipped = -int(candles.open_time[0]) % length // step
    count = max(0, len(candles) - skipped) // per_bar
    window = candles[skipped : skipped + count * per_bar]
    shape = (count, per_bar)
    return Candles(
        interval=interval,
        open_time=window.open_time[::per_bar],
        open=window.open[::per_bar],
        high=window.high.reshape(shape).max(axis=1, initial=-np.inf),
        low=window.low.reshape(shape).min(axis=1, initial=np.inf),
        close=window.close[per_bar - 1 :: per_bar],
        volume=window.volume.reshape(shape).sum(axis=1),
    )


def _coverage(bars: Bars) -> RecordedRange:
    shared = set.intersection(*(set(by_interval) for by_interval in bars.values()))
    if not shared:
        has = "; ".join(
            f"{symbol}: {', '.join(sorted(by, key=interval_ms))}" for symbol, by in bars.items()
        )
        msg = "the symbols of the recording have no interval in common"
        raise DataError(
            msg,
            hints=(f"there is {has}", "choose `symbols:` that share their finest interval"),
        )
    resolution = min(shared, key=interval_ms)
    finest = [by_interval[resolution] for by_interval in bars.values()]
    start = max(series.first_open + series.length_ms for series in finest)
    end = min(series.last_close for series in finest)
    if start > end:
        msg = f"the {resolution} bars of the recording cover no period together"
        raise DataError(
            msg,
            hints=("choose `symbols:` that were recorded at the same time",),
        )
    return RecordedRange(start=from_ms(start), end=from_ms(end), resolution=resolution)
