"""Where the paper venue gets its prices from: a recording it can look into, or live quotes."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import attrs
import numpy as np

from nof0_core.domain.candles import from_ms, interval_ms, to_ms
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import EndOfDataError
from nof0_core.ids import Symbol
from nof0_core.money import EXACT, decimal
from nof0_core.protocols import MarketProvider, SupportsRecording
from nof0_provider_sim.market.series import BarSeries

PUSHED_FOR_MS = 60_000
"""How long quotes that were handed in spare the market a call."""
STALE_MS = 300_000
"""Stale marks stand still from one multiple of this to the next."""
VOLUME_BARS = 20
"""Bars over which the volume is averaged that an order's impact is measured against."""
_MINUTE_MS = 60_000
_DAY_MINUTES = 1440

IsStale: TypeAlias = Callable[[Symbol, int], bool]
"""Tells for a coin and a moment (ms) whether its mark stands still."""


def _never(_symbol: Symbol, _now_ms: int) -> bool:
    return False


@runtime_checkable
class SupportsPastFunding(Protocol):
    """Capability of a recorded market: it tells funding rates of the past.

    Without it the paper exchange settles with the rate of the market's current quote.
    """

    def funding_rate_at(self, symbol: Symbol, moment: datetime) -> Decimal | None:
        """Return the newest hourly rate at or before `moment`, None if there is none."""


@attrs.frozen(kw_only=True)
class Bar:
    """One closed bar, prices in USD; for live quotes all four are the mark.

    `volume` is what traded between `volume_from_ms` and the close, in coins; None if the market
    does not tell.
    """

    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None
    volume_from_ms: int

    def from_close(self) -> Bar:
        """Return what an order sees that came while the bar was open: only how it closed."""
        return attrs.evolve(self, open=self.close, high=self.close, low=self.close)


class LiveFeed:
    """Newest quotes of a market that cannot be looked into; every price is the current mark.

    Quotes are handed in by whoever watches the market (`push`). What nobody handed in for
    `PUSHED_FOR` is fetched, and so is always what an order needs when it arrives.
    """

    is_live: Literal[True] = True

    def __init__(self, market: MarketProvider, is_stale: IsStale) -> None:
        self._market = market
        self._is_stale = is_stale
        self._quotes: dict[Symbol, Quote] = {}
        self._pushed: dict[Symbol, int] = {}

    def push(self, quotes: Mapping[Symbol, Quote], now_ms: int) -> None:
        """Take quotes that were just fetched."""
        self._take(quotes, now_ms)
        for symbol in quotes:
            self._pushed[symbol] = now_ms

    async def refresh(
        self, held: Collection[Symbol], ordered: Collection[Symbol], now_ms: int
    ) -> None:
        """Fetch what is needed to value `held` coins and to price orders in `ordered` ones.

        Errors of the market pass through.
        """
        old = {s for s in held if now_ms - self._pushed.get(s, -PUSHED_FOR_MS) >= PUSHED_FOR_MS}
        wanted = sorted(old | set(ordered))
        if wanted:
            self._take(await self._market.quotes(wanted), now_ms)

    def mark_ms(self, symbol: Symbol, now_ms: int) -> int:
        """Return since when the mark holds."""
        quote = self._quotes.get(symbol)
        return to_ms(quote.time) if quote else now_ms

    def volume(self, symbol: Symbol, _now_ms: int) -> Decimal | None:
        """Return the coins traded per minute, on the average of a day."""
        quote = self._quotes.get(symbol)
        if quote is None or quote.day_volume_usd is None:
            return None
        return EXACT.divide(quote.day_volume_usd, quote.mark * _DAY_MINUTES)

    def _take(self, quotes: Mapping[Symbol, Quote], now_ms: int) -> None:
        for symbol, quote in quotes.items():
            if symbol not in self._quotes or not self._is_stale(symbol, now_ms):
                self._quotes[symbol] = quote

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
        """Return the current mark as a bar that opened when the mark did."""
        mark = self.mark(symbol, close_ms)
        if mark is None:
            return None
        return Bar(
            open_ms=self.mark_ms(symbol, close_ms),
            close_ms=close_ms,
            open=mark,
            high=mark,
            low=mark,
            close=mark,
            volume=self.volume(symbol, close_ms),
            volume_from_ms=close_ms - _MINUTE_MS,
        )


class RecordedFeed:
    """A recorded market: marks and bars of any moment by arithmetic, without a call.

    Mark and oracle are the close of the last closed bar of the finest interval.
    """

    is_live: Literal[False] = False

    def __init__(
        self, market: MarketProvider, recording: SupportsRecording, is_stale: IsStale
    ) -> None:
        self._market = market
        self._is_stale = is_stale
        self._recording = recording
        self._past = market if isinstance(market, SupportsPastFunding) else None
        self._length = interval_ms(recording.recorded().resolution)
        self._series: dict[Symbol, BarSeries] = {}
        self._rates: dict[Symbol, Decimal | None] = {}
        self._marks: dict[Symbol, tuple[int, Decimal]] = {}
        self._volumes: dict[Symbol, tuple[int, Decimal]] = {}

    async def refresh(
        self, held: Collection[Symbol], ordered: Collection[Symbol], _now_ms: int
    ) -> None:
        """Fetch current funding rates, only where the market does not tell past ones."""
        wanted = sorted({*held, *ordered})
        if self._past is not None or not wanted:
            return
        try:
            quotes = await self._market.quotes(wanted)
        except EndOfDataError:
            return
        self._rates.update({symbol: quote.funding_rate for symbol, quote in quotes.items()})

    def mark(self, symbol: Symbol, now_ms: int) -> Decimal | None:
        """Return the mark at a moment, None before the first bar closed."""
        series = self._bars(symbol)
        count = series.closed(self._seen_ms(symbol, now_ms))
        if not count:
            return None
        known = self._marks.get(symbol)
        if known is None or known[0] != count:
            known = (count, decimal(float(series.candles.close[count - 1])))
            self._marks[symbol] = known
        return known[1]

    def mark_ms(self, symbol: Symbol, now_ms: int) -> int:
        """Return since when the mark of a moment holds: the close of its bar."""
        series = self._bars(symbol)
        count = series.closed(self._seen_ms(symbol, now_ms))
        if not count:
            return now_ms
        return int(series.candles.open_time[count - 1]) + self._length

    def volume(self, symbol: Symbol, now_ms: int) -> Decimal | None:
        """Return the coins traded per bar, on the average of the newest `VOLUME_BARS` bars."""
        series = self._bars(symbol)
        count = series.closed(now_ms)
        if not count:
            return None
        known = self._volumes.get(symbol)
        if known is None or known[0] != count:
            recent = series.candles.volume[max(0, count - VOLUME_BARS) : count]
            # Exact summation: the result must not depend on how a machine adds arrays.
            known = (count, decimal(math.fsum(recent) / len(recent)))
            self._volumes[symbol] = known
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
            for column in (
                candles.open,
                candles.high,
                candles.low,
                candles.close,
                candles.volume,
            )
        ]
        return Bar(
            open_ms=close_ms - self._length,
            close_ms=close_ms,
            open=prices[0],
            high=prices[1],
            low=prices[2],
            close=prices[3],
            volume=prices[4],
            volume_from_ms=close_ms - self._length,
        )

    def _seen_ms(self, symbol: Symbol, now_ms: int) -> int:
        """Return the moment whose mark shows at `now_ms`: an earlier one while it stands still."""
        return now_ms // STALE_MS * STALE_MS if self._is_stale(symbol, now_ms) else now_ms

    def _bars(self, symbol: Symbol) -> BarSeries:
        series = self._series.get(symbol)
        if series is None:
            interval = self._recording.recorded().resolution
            series = self._series[symbol] = BarSeries(self._recording.history(symbol, interval))
        return series


Feed = LiveFeed | RecordedFeed


def feed_for(market: MarketProvider, is_stale: IsStale = _never) -> Feed:
    """Return the best feed a market allows; marks stand still while `is_stale` says so."""
    if isinstance(market, SupportsRecording):
        return RecordedFeed(market, market, is_stale)
    return LiveFeed(market, is_stale)
