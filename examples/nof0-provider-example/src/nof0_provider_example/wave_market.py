"""A market whose prices swing around a level: known for all times, so it is a recording."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import numpy as np

from nof0_core import opt
from nof0_core.clock import Clock
from nof0_core.domain.candles import Candles, Interval, TimeArray, from_ms, interval_ms, to_ms
from nof0_core.domain.health import Health
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError, EndOfDataError
from nof0_core.ids import Symbol
from nof0_core.money import decimal
from nof0_core.protocols import FundingRate, MarketCapability, RecordedRange

BTC = Symbol("BTC")
FINEST = Interval("1m")
PAGE = 5000
"""Rows of one page of a download."""
VOLUME = 100.0
"""Coins traded in each minute."""


@attrs.frozen(kw_only=True)
class WaveConfig:
    """Section of market.yaml with `type: wave`."""

    start: datetime = opt(default=datetime(2025, 6, 1, tzinfo=UTC), help="first bar")
    days: int = opt(default=60, ge=1, le=366, help="how long it is")
    level_usd: Decimal = opt(
        default=Decimal(100_000), unit="USD", ge=1000, help="price in the middle"
    )
    swing_pct: Decimal = opt(default=Decimal(2), unit="%", ge=0, lt=100, help="how far it swings")
    period: timedelta = opt(default=timedelta(hours=6), help="from one crest to the next")


@attrs.frozen(kw_only=True)
class Wave:
    """One coin, BTC, with a price for each minute of a span."""

    config: WaveConfig
    clock: Clock

    @property
    def capabilities(self) -> frozenset[MarketCapability]:
        """Return its words: it is known beforehand, can be downloaded, and says how it is."""
        return frozenset(
            {MarketCapability.RECORDING, MarketCapability.DOWNLOAD, MarketCapability.HEALTH}
        )

    def health(self) -> tuple[Health, str]:
        """Say when the wave is over."""
        end = self.recorded().end
        if self.clock.now() > end:
            return Health.DOWN, f"the wave ended at {end:%Y-%m-%d %H:%M}"
        return Health.OK, ""

    def recorded(self) -> RecordedRange:
        """Return the span."""
        start = self.config.start
        return RecordedRange(
            start=start, end=start + timedelta(days=self.config.days), resolution=FINEST
        )

    async def instruments(self) -> Mapping[Symbol, Instrument]:
        """Return the one coin."""
        return {BTC: Instrument(symbol=BTC, size_decimals=5, price_decimals=1, max_leverage=40)}

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Return the newest bars closed by then."""
        length = self._length(symbol, interval)
        whole = self.history(symbol, interval)
        closed = max(0, (to_ms(end) - int(whole.open_time[0])) // length)
        return whole[max(0, closed - limit) : closed]

    def history(self, symbol: Symbol, interval: Interval) -> Candles:
        """Return all bars."""
        length, span = self._length(symbol, interval), self.recorded()
        first = -(-to_ms(span.start) // length) * length
        opens = np.arange(first, to_ms(span.end) - length + 1, length, dtype=np.int64)
        open_, close = self._prices(opens), self._prices(opens + length)
        return Candles(
            interval=interval,
            open_time=opens,
            open=open_,
            high=np.maximum(open_, close),
            low=np.minimum(open_, close),
            close=close,
            volume=np.full(len(opens), VOLUME * length / interval_ms(FINEST)),
        )

    async def download(
        self, symbol: Symbol, interval: Interval, start: datetime, end: datetime
    ) -> AsyncIterator[Candles]:
        """Yield the bars of a span in pages, as a venue would."""
        length = self._length(symbol, interval)
        whole = self.history(symbol, interval)
        times = whole.open_time
        first = int(np.searchsorted(times, to_ms(start)))
        last = int(np.searchsorted(times, to_ms(end) - length, side="right"))
        for begin in range(first, last, PAGE):
            yield whole[begin : min(begin + PAGE, last)]

    async def download_funding(
        self, symbol: Symbol, start: datetime, end: datetime
    ) -> AsyncIterator[Sequence[FundingRate]]:
        """Yield a rate for each full hour: nobody pays anything here."""
        hour = self._length(symbol, Interval("1h"))
        span = self.recorded()
        first = -(-to_ms(max(start, span.start)) // hour) * hour
        hours = range(first, to_ms(min(end, span.end)), hour)
        for begin in range(0, len(hours), PAGE):
            page = hours[begin : begin + PAGE]
            yield [FundingRate(time=from_ms(time), rate=0.0) for time in page]

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Return the price of the present minute."""
        span, now = self.recorded(), self.clock.now()
        if now > span.end:
            message = f"the wave ended at {span.end:%Y-%m-%d %H:%M}"
            raise EndOfDataError(message)
        minute = to_ms(now) // interval_ms(FINEST) * interval_ms(FINEST)
        price = decimal(float(self._prices(np.array([minute]))[0]))
        quote = Quote(symbol=BTC, time=from_ms(minute), mark=price, mid=price, oracle=price)
        return {BTC: quote} if BTC in symbols else {}

    def _prices(self, times: TimeArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the price at each time, in whole dollars, which are on its tick."""
        turns = times / (self.config.period / timedelta(milliseconds=1))
        swing = float(self.config.swing_pct) / 100 * np.sin(2 * np.pi * turns)
        prices: np.ndarray[tuple[int], np.dtype[np.float64]] = np.round(
            float(self.config.level_usd) * (1 + swing), 0
        )
        return prices

    def _length(self, symbol: Symbol, interval: Interval) -> int:
        if symbol != BTC:
            message = f"unknown symbol {symbol}"
            raise DataError(message)
        try:
            return interval_ms(interval)
        except ValueError as error:
            raise DataError(str(error)) from error
