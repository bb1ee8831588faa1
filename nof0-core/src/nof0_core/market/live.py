"""Series of a live market: fetched when a bar has closed, with enough history to be warm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import anyio

from nof0_core.border.bars import STALE_INTERVALS, checked_bars
from nof0_core.border.quarantine import Ward
from nof0_core.clock import Clock
from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms, to_ms
from nof0_core.domain.snapshot import Series
from nof0_core.errors import DataError, ProviderError
from nof0_core.ids import Symbol
from nof0_core.indicators.catalog import lookback
from nof0_core.indicators.computed import Computed
from nof0_core.indicators.recipe import Wanted
from nof0_core.market.calls import MarketCalls
from nof0_core.market.own_series import OwnSeries
from nof0_core.market.record import encode_series
from nof0_core.market.view import EncodedSeries

MIN_HISTORY = 200
WARM_UP = 4
"""Recursive averages forget where they began after about this many times their length."""


class LiveSeries:
    """The newest bars of one symbol and interval of a provider that must be asked."""

    def __init__(
        self,
        *,
        section: str,
        symbol: Symbol,
        interval: Interval,
        calls: MarketCalls,
        clock: Clock,
        indicators: Sequence[Wanted],
        bars: int,
        max_age: timedelta,
        ward: Ward,
        further: Sequence[Wanted] = (),
    ) -> None:
        """Remember what to ask for; nothing is fetched yet.

        `further` are those of other lists: bars must be enough for their warm-up, too. A coin with
        bad bars is in quarantine in `ward` until they are good.
        """
        self._ward = ward
        self._verb = f"candles ({interval})"
        self._section = section
        self._symbol = symbol
        self._interval = interval
        self._length = interval_ms(interval)
        self._calls = calls
        self._clock = clock
        self._indicators = indicators
        self._bars = bars
        self._limit = max(MIN_HISTORY, WARM_UP * lookback((*indicators, *further))) + bars
        # A late bar or a failure is asked for again after this long, not by every trader at once.
        self._pause = max(1, max_age // timedelta(milliseconds=1))
        self._lock = anyio.Lock(fast_acquire=True)
        self._shown: EncodedSeries | None = None
        self._computed: Computed | None = None
        self._asked_at = 0
        self._stale_at = 0
        self._failure: ProviderError | None = None
        self._fresh_until = -1

    @property
    def candles(self) -> Candles | None:
        """Return the newest bars that were fetched, however long ago; None before the first."""
        return self._shown.series.candles if self._shown is not None else None

    @property
    def computed(self) -> Computed:
        """Return the newest bars as they were fetched; there are some once any were shown."""
        assert self._computed is not None  # noqa: S101 - it came with what is shown
        return self._computed

    def beside(self, name: str, indicators: Sequence[Wanted]) -> OwnSeries:
        """Return the same bars with another list of indicators."""
        return OwnSeries(self, name, indicators)

    def ready(self, now: int) -> EncodedSeries | None:
        """Return the newest bars, None if they have to be fetched first.

        Raises:
            ProviderError: the last request, a moment ago, failed, or its bars are too old.
        """
        if self._is_old(now):
            return None
        if self._failure is not None:
            raise self._failure
        if now >= self._stale_at:
            message = (
                f"market {self._section}: the newest {self._interval} bar of {self._symbol} closed "
                f"at {from_ms(self._stale_at - STALE_INTERVALS * self._length):%Y-%m-%d %H:%M}"
            )
            raise DataError(message, section=self._section)
        return self._shown

    async def fetch(self) -> None:
        """Fetch the newest bars unless somebody just did; the outcome is kept for `ready`."""
        async with self._lock:
            asked = self._clock.now()
            if not self._is_old(to_ms(asked)):
                return
            self._asked_at = to_ms(asked)
            try:
                answer = await self._calls.candles(self._symbol, self._interval, asked, self._limit)
                candles = self._checked(answer, asked)
                if not len(candles):
                    message = (
                        f"market {self._section}: no closed {self._interval} bar of {self._symbol}"
                    )
                    raise DataError(message, section=self._section)
                computed = Computed(candles)
                results = computed.of(self._indicators)
            except ProviderError as error:
                self._failure = error
                self._fresh_until = to_ms(self._clock.now()) + self._pause
                return
            newest = slice(max(0, len(candles) - self._bars), None)
            series = Series(
                interval=self._interval,
                candles=candles[newest],
                indicators={name: values[newest] for name, values in results.items()},
            )
            head, rows = encode_series(series)
            closed = to_ms(candles.last_close_time)
            self._fresh_until = max(closed + self._length, to_ms(self._clock.now()) + self._pause)
            self._stale_at = closed + STALE_INTERVALS * self._length
            self._failure = None
            self._computed = computed
            self._shown = EncodedSeries(
                series=series,
                head=head,
                rows=rows,
                fresh_until=min(self._fresh_until, self._stale_at),
            )

    def _checked(self, answer: Candles, asked: datetime) -> Candles:
        try:
            found = checked_bars(self._section, self._symbol, self._interval, answer, asked)
        except DataError as error:
            means = f"no decision on {self._symbol} until they are good"
            self._ward.put(self._verb, f"are refused: {error}", means, symbol=self._symbol)
            raise
        self._ward.release(self._verb, self._symbol)
        return found

    def _is_old(self, now: int) -> bool:
        """Tell whether to ask again: it is time, or the clock was set back since."""
        return now >= self._fresh_until or now < self._asked_at
