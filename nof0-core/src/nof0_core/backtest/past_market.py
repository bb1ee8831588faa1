"""A recorded market that ends with the window, and whose future may be another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs
import numpy as np

from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import UsageError
from nof0_core.ids import Symbol
from nof0_core.protocols import (
    MarketCapability,
    MarketProvider,
    OptionalMarketMethods,
    RecordedRange,
    market_with,
)

_UP, _DOWN = 1.25, 0.8
"""What prices after a cut are multiplied by: against where they really went."""


class PastMarket:
    """A recording up to the end of a window.

    Bars that close after `cut` (None: there are none such) are other ones than were recorded:
    higher where the price fell next, lower where it rose. Up to then nothing is different, so
    whoever decides differently has looked ahead.
    """

    def __init__(
        self,
        inner: MarketProvider,
        recording: OptionalMarketMethods,
        *,
        end: datetime,
        cut: datetime | None,
    ) -> None:
        self._inner = inner
        self._recording = recording
        self._end = end
        self._cut = None if cut is None else to_ms(cut)
        self._changed: dict[tuple[Symbol, Interval], Candles] = {}
        self._covers: tuple[RecordedRange, RecordedRange] | None = None

    @property
    def capabilities(self) -> frozenset[MarketCapability]:
        """Return that it is a recording, and no more."""
        return frozenset({MarketCapability.RECORDING})

    async def instruments(self) -> Mapping[Symbol, Instrument]:
        """Return everything tradable, by symbol."""
        return await self._inner.instruments()

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Return the newest closed bars, oldest first."""
        found = await self._inner.candles(symbol, interval, end, limit)
        return self._after_cut(symbol, found)

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Return the quotes of now."""
        return await self._inner.quotes(symbols)

    def recorded(self) -> RecordedRange:
        """Return what the recording covers of the time up to the end of the window."""
        covers = self._recording.recorded()
        if self._covers is None or covers is not self._covers[0]:
            self._covers = covers, attrs.evolve(covers, end=min(covers.end, self._end))
        return self._covers[1]

    def history(self, symbol: Symbol, interval: Interval) -> Candles:
        """Return all bars that close by the end of the window."""
        key = symbol, interval
        if key not in self._changed:
            bars = self._recording.history(symbol, interval)
            last = to_ms(self._end) - interval_ms(bars.interval)
            count = int(np.searchsorted(bars.open_time, last, side="right"))
            self._changed[key] = self._after_cut(symbol, bars[:count])
        return self._changed[key]

    def _after_cut(self, symbol: Symbol, bars: Candles) -> Candles:
        if self._cut is None or not len(bars):
            return bars
        first = int(
            np.searchsorted(bars.open_time, self._cut - interval_ms(bars.interval), side="right")
        )
        if first == len(bars):
            return bars
        factor = self._factor(symbol)
        later = np.arange(len(bars)) >= first

        def changed(column: Any) -> Any:
            return np.where(later, column * factor, column)

        return attrs.evolve(
            bars,
            open=changed(bars.open),
            high=changed(bars.high),
            low=changed(bars.low),
            close=changed(bars.close),
            volume=np.where(later, bars.volume * 3 + 1, bars.volume),
        )

    def _factor(self, symbol: Symbol) -> float:
        """Return what turns the next move of the finest bars round."""
        assert self._cut is not None  # noqa: S101 - asked for where there is one
        covers = self._recording.recorded()
        bars = self._recording.history(symbol, covers.resolution)
        at = int(
            np.searchsorted(bars.open_time, self._cut - interval_ms(bars.interval), side="right")
        )
        if 0 < at < len(bars):
            return _DOWN if bars.close[at] > bars.close[at - 1] else _UP
        return _UP


class PastMarketWithFunding(PastMarket):
    """One that tells funding rates of the past, too."""

    def funding_rate_at(self, symbol: Symbol, moment: datetime) -> Decimal | None:
        """Return the newest hourly rate at or before a moment."""
        inner: Any = self._inner
        found: Decimal | None = inner.funding_rate_at(symbol, moment)
        if found is not None and self._cut is not None and to_ms(moment) > self._cut:
            return -found - Decimal("0.0001")
        return found

    def has_funding_rate(self, symbol: Symbol, hour: datetime) -> bool:
        """Tell whether the rate of exactly this hour was recorded."""
        inner: Any = self._inner
        return bool(inner.has_funding_rate(symbol, hour))


def past_of(
    section: str, inner: MarketProvider, *, end: datetime, cut: datetime | None
) -> PastMarket:
    """Wrap a market for a backtest.

    Raises:
        UsageError: it is no recording.
    """
    recording = market_with(inner, MarketCapability.RECORDING)
    if recording is None:
        message = f"market {section} is live: there is no history in it to run over"
        hints = ("--data DIR reads candle files instead of all markets",)
        raise UsageError(message, hints=hints)
    has_funding = hasattr(inner, "funding_rate_at") and hasattr(inner, "has_funding_rate")
    made = PastMarketWithFunding if has_funding else PastMarket
    return made(inner, recording, end=end, cut=cut)


def data_digest(
    market: PastMarket, symbols: Iterable[Symbol], intervals: Sequence[Interval]
) -> str:
    """Return the SHA-256 (hex) of all bars and recorded hourly funding a run may see of a market.

    Equal for equal data, whatever files it came from.
    """
    found = hashlib.sha256()
    covers = market.recorded()
    for symbol in sorted(symbols):
        for interval in sorted({*intervals, covers.resolution}, key=interval_ms):
            bars = market.history(symbol, interval)
            found.update(f"{symbol} {interval} {len(bars)}\n".encode())
            found.update(bars.open_time.astype("<i8").tobytes())
            for column in (bars.open, bars.high, bars.low, bars.close, bars.volume):
                found.update(column.astype("<f8").tobytes())
        for hour, rate in hourly_rates(market, symbol):
            found.update(f"{symbol} funding {to_ms(hour)} {rate}\n".encode())
    return found.hexdigest()


def hourly_rates(market: PastMarket, symbol: Symbol) -> Iterable[tuple[datetime, Decimal]]:
    """Yield the funding rates that were recorded, hour by hour; nothing where none are told."""
    if not isinstance(market, PastMarketWithFunding):
        return
    from nof0_core.domain.candles import from_ms

    covers, hour = market.recorded(), interval_ms("1h")
    for stamp in range(-(-to_ms(covers.start) // hour) * hour, to_ms(covers.end) + 1, hour):
        moment = from_ms(stamp)
        if market.has_funding_rate(symbol, moment):
            rate = market.funding_rate_at(symbol, moment)
            if rate is not None:
                yield moment, rate
