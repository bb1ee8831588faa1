"""Where the paper venue gets its prices from: a recording it can look into, or live quotes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol, runtime_checkable

import attrs
import numpy as np

from nof0_core.domain.candles import from_ms, interval_ms
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import EndOfDataError
from nof0_core.ids import Symbol
from nof0_core.money import decimal
from nof0_core.protocols import MarketProvider, SupportsRecording
from nof0_provider_sim.market.series import BarSeries


@runtime_checkable
class SupportsPastFunding(Protocol):
    """Capability of a recorded market: it tells funding rates of the past.

    Without it the paper exchange settles with the rate of the market's current quote.
    """

    def funding_rate_at(self, symbol: Symbol, moment: datetime) -> Decimal | None:
        """Return the newest hourly rate at or before `moment`, None if there is none."""


@attrs.frozen(kw_only=True)
class Bar:
    """One closed bar, prices in USD; for live quotes all four are the mark."""

    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def from_close(self) -> Bar:
        """Return what an order sees that came while the bar was open: only how it closed."""
        return attrs.evolve(self, open=self.close, high=self.close, low=self.close)


class LiveFeed:
    """Newest quotes of a market that cannot be looked into; every price is the current mark."""

    is_live: Literal[True] = True

    def __init__(self, market: MarketProvider) -> None:
        self._market = market
        self._quotes: dict[Symbol, Quote] = {}

    async def refresh(self, symbols: Collection[Symbol]) -> None:
        """Fetch the quotes of these coins; errors of the market pass through."""
        if symbols:
            self._quotes.update(await self._market.quotes(sorted(symbols)))

    def mark(self, symbol: Symbol, _now_ms: int) -> Decimal | None:
        """Return the newest mark, None if there never was one."""
        quote = self._quotes.get(symbol)
        return quote.mark if quote else None

    def oracle(self, symbol: Symbol, _now_ms: int) -> Decimal | None:
        """Return the newest oracle price."""
        quote = self._quotes.get(symbol)
        return quote.oracle if quote else None

    def rate(self, symbol: Symbol, _now_ms: int) -> Decimal | None:
        """Return the newest hourly funding rate, None where the market tells none."""
        quote = self._quotes.get(symbol)
        return quote.funding_rate if quote else None

    def bar(self, symbol: Symbol, close_ms: int) -> Bar | None:
        """Return the current mark as a bar that opens and closes at `close_ms`."""
        mark = self.mark(symbol, close_ms)
        if mark is None:
            return None
        return Bar(open_ms=close_ms, close_ms=close_ms, open=mark, high=mark, low=mark, close=mark)


class RecordedFeed:
    """A recorded market: marks and bars of any moment by arithmetic, without a call.

    Mark and oracle are the close of the last closed bar of the finest interval.
    """

    is_live: Literal[False] = False

    def __init__(self, market: MarketProvider, recording: SupportsRecording) -> None:
        self._market = market
        self._recording = recording
        self._past = market if isinstance(market, SupportsPastFunding) else None
        self._length = interval_ms(recording.recorded().resolution)
        self._series: dict[Symbol, BarSeries] = {}
        self._rates: dict[Symbol, Decimal | None] = {}
        self._marks: dict[Symbol, tuple[int, Decimal]] = {}

    async def refresh(self, symbols: Collection[Symbol]) -> None:
        """Fetch current funding rates, only where the market does not tell past ones."""
        if self._past is not None or not symbols:
            return
        try:
            quotes = await self._market.quotes(sorted(symbols))
        except EndOfDataError:
            return
        self._rates.update({symbol: quote.funding_rate for symbol, quote in quotes.items()})

    def mark(self, symbol: Symbol, now_ms: int) -> Decimal | None:
        """Return the mark at a moment, None before the first bar closed."""
        series = self._bars(symbol)
        count = series.closed(now_ms)
        if not count:
            return None
        known = self._marks.get(symbol)
        if known is None or known[0] != count:
            known = (count, decimal(float(series.candles.close[count - 1])))
            self._marks[symbol] = known
        return known[1]

    def oracle(self, symbol: Symbol, now_ms: int) -> Decimal | None:
        """Return the oracle price at a moment, the same as the mark."""
        return self.mark(symbol, now_ms)

    def rate(self, symbol: Symbol, now_ms: int) -> Decimal | None:
        """Return the hourly funding rate at a moment, None where the market tells none."""
        if self._past is not None:
            return self._past.funding_rate_at(symbol, from_ms(now_ms))
        return self._rates.get(symbol)

    def next_touch(
        self, symbol: Symbol, after_ms: int, until_ms: int, below: float, above: float
    ) -> int | None:
        """Return when the first bar closes, in (after, until], that reaches one of two prices.

        Reaching means low <= `below` or high >= `above`. The caller looks closer at that bar.
        """
        series = self._bars(symbol)
        first, last = series.closed(after_ms), series.closed(until_ms)
        lows, highs = series.candles.low, series.candles.high
        # Most steps see one new bar, for which two comparisons are cheaper than array work.
        if last - first == 1:
            bar = first if lows[first] <= below or highs[first] >= above else last
        else:
            hit = np.flatnonzero((lows[first:last] <= below) | (highs[first:last] >= above))
            bar = first + int(hit[0]) if len(hit) else last
        if bar == last:
            return None
        return int(series.candles.open_time[bar]) + self._length

    def bar(self, symbol: Symbol, close_ms: int) -> Bar | None:
        """Return the bar that closes at a moment, None if none does."""
        series = self._bars(symbol)
        index = series.closed(close_ms) - 1
        candles = series.candles
        if index < 0 or int(candles.open_time[index]) + self._length != close_ms:
            return None
        prices: Sequence[Decimal] = [
            decimal(float(column[index]))
            for column in (candles.open, candles.high, candles.low, candles.close)
        ]
        return Bar(
            open_ms=close_ms - self._length,
            close_ms=close_ms,
            open=prices[0],
            high=prices[1],
            low=prices[2],
            close=prices[3],
        )

    def _bars(self, symbol: Symbol) -> BarSeries:
        series = self._series.get(symbol)
        if series is None:
            interval = self._recording.recorded().resolution
            series = self._series[symbol] = BarSeries(self._recording.history(symbol, interval))
        return series


Feed = LiveFeed | RecordedFeed


def feed_for(market: MarketProvider) -> Feed:
    """Return the best feed a market allows."""
    if isinstance(market, SupportsRecording):
        return RecordedFeed(market, market)
    return LiveFeed(market)
