"""Prices of a market whose future is on file."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np

from nof0_core.domain.candles import from_ms, interval_ms
from nof0_core.errors import EndOfDataError
from nof0_core.ids import Symbol
from nof0_core.money import decimal
from nof0_core.protocols import MarketProvider, OptionalMarketMethods
from nof0_core.recordings.series import BarSeries
from nof0_provider_sim.exchange.bar import STALE_MS, Bar, IsStale
from nof0_provider_sim.exchange.live_books import SeenBook

VOLUME_BARS = 20
"""Bars over which the volume is averaged that an order's impact is measured against."""
_SCAN_BARS = 1440
"""How many bars ahead are searched at once for one that matters."""
_SCANS_KEPT = 8


class _Mark(NamedTuple):
    """A mark and when it holds: from a moment until another, in ms."""

    from_ms: int
    until_ms: float
    price: Decimal


class _Scan(NamedTuple):
    """The first bar that touches in (from, until], by its close; None: none does."""

    from_ms: int
    until_ms: int
    touch_ms: int | None

    def covers(self, after_ms: int, until_ms: int) -> bool:
        """Tell whether the first touch in (after, until] follows from this scan."""
        if after_ms < self.from_ms:
            return False
        if self.touch_ms is not None and after_ms < self.touch_ms:
            return True
        return self.touch_ms is None and until_ms <= self.until_ms


@runtime_checkable
class SupportsPastFunding(Protocol):
    """Capability of a recorded market: it tells funding rates of the past.

    Without it the paper exchange settles with the rate of the market's current quote.
    """

    def funding_rate_at(self, symbol: Symbol, moment: datetime) -> Decimal | None:
        """Return the newest hourly rate at or before `moment`, None if there is none."""

    def has_funding_rate(self, symbol: Symbol, hour: datetime) -> bool:
        """Tell whether the rate of exactly this hour was recorded."""


class RecordedFeed:
    """A recorded market: marks and bars of any moment by arithmetic, without a call.

    Mark and oracle are the close of the last closed bar of the finest interval. `is_at_hand` says
    whether `refresh` has nothing to fetch, and so never waits.
    """

    is_live: Literal[False] = False

    def __init__(
        self, market: MarketProvider, recording: OptionalMarketMethods, is_stale: IsStale | None
    ) -> None:
        self._market = market
        self._is_stale = is_stale
        self._recording = recording
        self._past = market if isinstance(market, SupportsPastFunding) else None
        self.is_at_hand = self._past is not None
        self._length = interval_ms(recording.recorded().resolution)
        self._series: dict[Symbol, BarSeries] = {}
        self._rates: dict[Symbol, Decimal | None] = {}
        self._marks: dict[Symbol, _Mark] = {}
        self._scans: dict[Symbol, dict[tuple[float, float], _Scan]] = {}
        self._volumes: dict[Symbol, tuple[int, Decimal]] = {}

    async def refresh(
        self, held: Collection[Symbol], ordered: Collection[Symbol], _now_ms: int
    ) -> None:
        """Fetch current funding rates, only where the market does not tell past ones."""
        if self._past is not None:
            return
        wanted = sorted({*held, *ordered})
        if not wanted:
            return
        try:
            quotes = await self._market.quotes(wanted)
        except EndOfDataError:
            return
        self._rates.update({symbol: quote.funding_rate for symbol, quote in quotes.items()})

    def book(self, _symbol: Symbol, _now_ms: int) -> SeenBook | None:
        """Return None: a recording has no present order book."""
        return None

    def mark(self, symbol: Symbol, now_ms: int) -> Decimal | None:
        """Return the mark at a moment, None before the first bar closed."""
        known = self._marks.get(symbol)
        if self._is_stale is None and known and known.from_ms <= now_ms < known.until_ms:
            # Asked many times a moment.
            return known.price
        known = self._known_mark(symbol, now_ms)
        return known.price if known else None

    def mark_ms(self, symbol: Symbol, now_ms: int) -> int:
        """Return since when the mark of a moment holds: the close of its bar."""
        known = self._known_mark(symbol, now_ms)
        return known.from_ms if known else now_ms

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
            known = (count, decimal(math.fsum(recent.tolist()) / len(recent)))
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

    def misses_rate(self, symbol: Symbol, hour_ms: int) -> bool:
        """Tell whether `rate` answers for a full hour with the rate of an earlier one."""
        return self._past is not None and not self._past.has_funding_rate(symbol, from_ms(hour_ms))

    def next_touch(
        self, symbol: Symbol, after_ms: int, until_ms: int, below: float, above: float
    ) -> int | None:
        """Return when the first bar closes, in (after, until], that reaches one of two prices.

        Reaching means low <= `below` or high >= `above`. The caller looks closer at that bar.
        """
        scans = self._scans.setdefault(symbol, {})
        scan = scans.get((below, above))
        if scan is None or not scan.covers(after_ms, until_ms):
            if len(scans) >= _SCANS_KEPT:
                scans.clear()
            scan = scans[below, above] = self._scan(symbol, after_ms, until_ms, below, above)
        return scan.touch_ms if scan.touch_ms is not None and scan.touch_ms <= until_ms else None

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

    def _known_mark(self, symbol: Symbol, now_ms: int) -> _Mark | None:
        seen_ms = self._seen_ms(symbol, now_ms)
        known = self._marks.get(symbol)
        # Asked many times a bar.
        if known is not None and known.from_ms <= seen_ms < known.until_ms:
            return known
        series = self._bars(symbol)
        count, times = series.closed(seen_ms), series.candles.open_time
        if not count:
            return None
        known = self._marks[symbol] = _Mark(
            int(times[count - 1]) + self._length,
            math.inf if count == len(times) else int(times[count]) + self._length,
            decimal(float(series.candles.close[count - 1])),
        )
        return known

    def _scan(
        self, symbol: Symbol, after_ms: int, until_ms: int, below: float, above: float
    ) -> _Scan:
        """Look for a touch further ahead than asked: the next steps will ask for the same."""
        series = self._bars(symbol)
        first = series.closed(after_ms)
        last = max(series.closed(until_ms), first + _SCAN_BARS)
        candles = series.candles[first:last]
        hit = np.flatnonzero((candles.low <= below) | (candles.high >= above))
        touch = int(candles.open_time[hit[0]]) + self._length if len(hit) else None
        until = max(until_ms, int(candles.open_time[-1]) + self._length if len(candles) else 0)
        return _Scan(after_ms, until, touch)

    def _seen_ms(self, symbol: Symbol, now_ms: int) -> int:
        """Return the moment whose mark shows at `now_ms`: an earlier one while it stands still."""
        if self._is_stale is None or not self._is_stale(symbol, now_ms):
            return now_ms
        return now_ms // STALE_MS * STALE_MS

    def _bars(self, symbol: Symbol) -> BarSeries:
        series = self._series.get(symbol)
        if series is None:
            interval = self._recording.recorded().resolution
            series = self._series[symbol] = BarSeries(self._recording.history(symbol, interval))
        return series
