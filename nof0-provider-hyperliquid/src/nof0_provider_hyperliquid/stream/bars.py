"""Closed bars from the stream, repaired from REST."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import anyio
import attrs

from nof0_core.clock import Clock
from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms, to_ms
from nof0_core.errors import ProviderError
from nof0_core.plugins.env import Logger
from nof0_provider_hyperliquid.stream.messages import CANDLE, Bar, Subscription
from nof0_provider_hyperliquid.stream.pace import within
from nof0_provider_hyperliquid.stream.series import BarSeries, Gap

PATIENCE = timedelta(seconds=2)
"""How long after its close the next bar is waited for before REST is asked."""
LONGEST = 1_000
"""Bars of a series: longer ones are asked of REST each time."""
MOST = 200
"""Series."""
IDLE = timedelta(hours=1)
"""What nobody asked for during this and three bars is given up."""

COMPARED = 20
"""Where the budget is short, bars of a series that are shown on the word of the stream alone, until
REST is asked for them; else it is asked for each."""
AGAIN = timedelta(seconds=5)
"""How long REST is left alone that did not say what the stream had said."""
DISTRUST = timedelta(hours=1)
"""How long a series is polled of which bars were shown that turned out to be others."""

Row: TypeAlias = tuple[int, float, float, float, float, float]
"""Open time in ms, open, high, low, close, volume."""
Fetch: TypeAlias = Callable[[str, Interval, int, int], Awaitable[Sequence[Row]]]
"""Asks REST for the bars of a coin and interval that open between two moments (ms UTC, inclusive),
the unfinished one included; raises `ProviderError`."""


@attrs.define(eq=False)
class _Kept:
    """A series with who waits for it."""

    series: BarSeries
    asked: datetime
    lock: anyio.Lock = attrs.field(factory=lambda: anyio.Lock(fast_acquire=True))
    changed: anyio.Event = attrs.field(factory=anyio.Event)
    distrusted: datetime | None = None
    compared: datetime | None = None
    """When REST was last asked whether it says the same, and did not."""


class BarStore:
    """Answers for closed bars from what the stream has told, where that is beyond doubt."""

    def __init__(
        self,
        *,
        clock: Clock,
        log: Logger,
        fetch: Fetch,
        want: Callable[[Subscription], bool],
        drop: Callable[[Subscription], None],
        is_told: Callable[[Subscription], bool],
        has_room: Callable[[], bool],
    ) -> None:
        """Begin with nothing.

        Args:
            clock: the engine's.
            log: told of bars that were others than the stream had said.
            fetch: asks REST for a gap.
            want: subscribes; false where there are too many subscriptions.
            drop: unsubscribes.
            is_told: whether the stream tells a subscription at present.
            has_room: whether the budget has room for a request that could be done without.
        """
        self._clock = clock
        self._log = log
        self._fetch = fetch
        self._want = want
        self._drop = drop
        self._is_told = is_told
        self._has_room = has_room
        self._kept: dict[Subscription, _Kept] = {}

    async def bars(
        self, coin: str, interval: Interval, end: datetime, limit: int
    ) -> Candles | None:
        """Return the newest `limit` bars that closed at or before `end`, oldest first.

        Waits a moment for the proof that the last one is closed. What is missing is fetched once
        for all who ask; what the stream alone has said is compared with what REST says.

        Returns:
            None where REST has to be asked for all of them: at first, without a stream, and where
            nothing proves them. `begin` takes what it says.

        Raises:
            ProviderError: of the request for a gap.
        """
        key = Subscription(CANDLE, coin, interval)
        kept = self._for(key, limit)
        if kept is None or not self._is_told(key) or self._is_distrusted(kept):
            return None
        await self._wait_for_proof(kept, end, limit)
        await self._compare(coin, kept)
        async with kept.lock:
            before = None
            while isinstance(found := kept.series.newest(to_ms(end), limit), Gap):
                if found == before:
                    return None
                before = found
                await self._repair(coin, kept, found)
            return None if self._is_distrusted(kept) else found

    def begin(self, coin: str, bars: Candles, end: datetime, limit: int) -> None:
        """Take what REST answered to a request for the newest `limit` bars closed by `end`."""
        kept = self._kept.get(Subscription(CANDLE, coin, bars.interval))
        if kept is not None and limit <= LONGEST:
            kept.series.begin(bars, to_ms(end), limit)

    def take(self, subscription: Subscription, bar: Bar, now: datetime) -> None:
        """Take what the stream says of a bar."""
        kept = self._kept.get(subscription)
        if kept is not None and kept.series.take(bar, to_ms(now)):
            kept.changed.set()
            kept.changed = anyio.Event()

    def interrupted(self, subscription: Subscription | None = None) -> None:
        """Take note that messages of a series (None: of all) may have been missed."""
        for each, kept in self._kept.items():
            if subscription is None or subscription == each:
                kept.series.interrupted()
                kept.changed.set()
                kept.changed = anyio.Event()

    def _for(self, key: Subscription, limit: int) -> _Kept | None:
        """Return the series, subscribed to from now on; None where it cannot be kept."""
        now = self._clock.now()
        kept = self._kept.get(key)
        if kept is None:
            self._give_up_idle(now)
            if limit > LONGEST or len(self._kept) >= MOST:
                return None
            try:
                length = interval_ms(key.interval)
            except ValueError:
                return None
            if not self._want(key):
                return None
            series = BarSeries(Interval(key.interval), length)
            kept = self._kept[key] = _Kept(series, now)
        kept.asked = now
        return kept

    def _give_up_idle(self, now: datetime) -> None:
        for key, kept in list(self._kept.items()):
            length = timedelta(milliseconds=kept.series.length)
            if now - kept.asked > IDLE + 3 * length:
                del self._kept[key]
                self._drop(key)

    async def _wait_for_proof(self, kept: _Kept, end: datetime, limit: int) -> None:
        """Wait until the newest bar is proven, if that is all that is missing and just closed."""
        length = kept.series.length
        closed = to_ms(end) // length * length
        until = from_ms(closed) + PATIENCE
        while True:
            found = kept.series.newest(to_ms(end), limit)
            now = self._clock.now()
            is_fresh = isinstance(found, Gap) and found.first == closed - length
            if not is_fresh or not from_ms(closed) <= now < until:
                return
            if not kept.series.is_coming(closed - length):
                return
            try:
                await within(self._clock, until - now, kept.changed.wait)
            except TimeoutError:
                return

    async def _compare(self, coin: str, kept: _Kept) -> None:
        """Ask REST for bars that only the stream has said: its last message may have been lost."""
        if self._to_compare(kept) is None:
            return
        async with kept.lock:
            if (unseen := self._to_compare(kept)) is None:
                return
            try:
                await within(self._clock, PATIENCE, lambda: self._repair(coin, kept, unseen))
            except (ProviderError, TimeoutError) as error:
                # They are as good as before.
                self._log.info("bars of the stream were not compared", because=str(error))
            if kept.series.unseen(1) is not None:
                kept.compared = self._clock.now()

    def _to_compare(self, kept: _Kept) -> Gap | None:
        since = kept.compared
        if since is not None and timedelta(0) <= self._clock.now() - since < AGAIN:
            return None
        return kept.series.unseen(1 if self._has_room() else COMPARED)

    async def _repair(self, coin: str, kept: _Kept, gap: Gap) -> None:
        series = kept.series
        # The bar after the gap proves that its last one is closed.
        found = await self._fetch(
            coin, series.interval, gap.first, gap.last + 2 * series.length - 1
        )
        wrong = series.repair(gap, [Bar(*row) for row in found])
        if wrong:
            # The last one has been shown to nobody yet.
            is_late = any(bar.open_time < gap.last for bar in wrong)
            if is_late:
                kept.distrusted = self._clock.now()
            self._log.warning(
                "bars differ from what the stream said"
                + ("; for an hour they are polled" if is_late else ""),
                coin=coin,
                interval=series.interval,
                times=[f"{from_ms(bar.open_time):%Y-%m-%d %H:%M}" for bar in wrong[:5]],
            )

    def _is_distrusted(self, kept: _Kept) -> bool:
        since = kept.distrusted
        return since is not None and timedelta(0) <= self._clock.now() - since < DISTRUST
