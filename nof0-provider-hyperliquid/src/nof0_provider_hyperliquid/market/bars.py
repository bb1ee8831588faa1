"""The newest closed bars of a coin."""

from __future__ import annotations

from datetime import datetime, timedelta

from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms, to_ms
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.market.board import Board
from nof0_provider_hyperliquid.market.paging import in_order
from nof0_provider_hyperliquid.market.single_flight import SingleFlight
from nof0_provider_hyperliquid.market.venue_time import VenueTime
from nof0_provider_hyperliquid.stream.live import MarketStream
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.candles import (
    Bar,
    candles,
    check_interval,
    is_past,
    read_bars,
)

KEPT = 5_000
"""Of each interval the venue has this many bars, the newest."""
FRESH = timedelta(seconds=1)
"""An answer serves so long: a bar that was not proven to be closed may be a moment later."""
_REMEMBERED = 500
_DAY_MS = 86_400_000
_Key = tuple[Symbol, Interval, int, int]


async def page(
    client: InfoClient, coin: str, interval: Interval, start: int, end: int, priority: Priority
) -> dict[int, Bar]:
    """Ask once for the bars that open from `start` to `end` (ms), open ones included.

    Raises:
        DataError: bars contradict themselves.
        TransientError: for what may pass.
    """
    request = {
        "type": "candleSnapshot",
        "req": {"coin": coin, "interval": interval, "startTime": start, "endTime": end},
    }
    rows = min(KEPT, (end - start) // interval_ms(interval) + 1)
    return read_bars(await client.info(request, rows=rows, priority=priority), coin, interval)


async def missing_bars(
    client: InfoClient, coin: str, interval: Interval, start: int, end: int
) -> list[Bar]:
    """Ask once for bars the stream has missed, open ones included.

    Raises:
        DataError: bars contradict themselves.
        TransientError: for what may pass.
    """
    return list((await page(client, coin, interval, start, end, Priority.READS)).values())


class BarReader:
    """Asks `candleSnapshot`; who asks for the same bars at the same time shares the answer."""

    def __init__(
        self,
        client: InfoClient,
        *,
        board: Board,
        venue_time: VenueTime,
        env: Env,
        stream: MarketStream | None = None,
    ) -> None:
        self._client = client
        self._stream = stream
        self._board = board
        self._venue_time = venue_time
        self._clock = env.clock
        self._asking: dict[_Key, SingleFlight[Candles]] = {}
        self._begins: dict[tuple[str, Interval], int] = {}

    async def newest(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Return the newest `limit` bars that closed at or before `end`, oldest first.

        Raises:
            DataError: there is no such coin or interval, or bars contradict themselves.
            TransientError: for what may pass.
        """
        length = check_interval(interval)
        coin = (await self._board.universe()).asset(symbol).coin
        if limit <= 0:
            return candles(interval, [])
        if self._stream is not None:
            told = await self._stream.bars.bars(coin, interval, end, limit)
            if told is not None:
                return told
        # Whoever asks before the next bar closes wants the same.
        moment = to_ms(end) // length if length <= _DAY_MS else to_ms(end)
        key = (symbol, interval, moment, limit)
        if key not in self._asking:

            async def ask() -> Candles:
                found = await self._ask(coin, interval, length, to_ms(end), min(limit, KEPT))
                if self._stream is not None:
                    self._stream.bars.begin(coin, found, end, limit)
                return found

            if len(self._asking) >= _REMEMBERED:
                del self._asking[next(iter(self._asking))]
            self._asking[key] = SingleFlight(ask, clock=self._clock, fresh=FRESH)
        return await self._asking[key].get()

    async def page(
        self, coin: str, interval: Interval, start: int, end: int, priority: Priority
    ) -> dict[int, Bar]:
        """Ask once for the bars that open from `start` to `end` (ms), open ones included.

        Raises:
            DataError: bars contradict themselves.
            TransientError: for what may pass.
        """
        return await page(self._client, coin, interval, start, end, priority)

    async def proven(self, bars: dict[int, Bar], length: int, end: int) -> list[Bar]:
        """Return those that have closed by `end` (ms), and are proven to be, oldest first.

        A later bar is proof; for the newest the venue is asked for its time.

        Raises:
            TransientError: for what may pass.
        """
        times = sorted(bars)
        if not times:
            return []
        newest = times[-1] + length
        is_wanted = newest <= end
        if is_wanted and not is_past(newest, await self._venue_time.at_least(newest + 2_000)):
            is_wanted = False
        known = times if is_wanted else times[:-1]
        return [bars[time] for time in known if time + length <= end]

    async def _ask(
        self, coin: str, interval: Interval, length: int, end: int, limit: int
    ) -> Candles:
        # Weeks begin where the venue says: one more of them holds enough.
        is_on_grid = length <= _DAY_MS
        last = (end // length - 1) * length if is_on_grid else end - length
        start = last - (limit - (1 if is_on_grid else 0)) * length
        begins = self._begins.get((coin, interval), 0)
        found: dict[int, Bar] = {}

        async def ask(first: int, until: int) -> dict[int, Bar]:
            return await self.page(coin, interval, first, until, Priority.READS)

        # The bar after the last one is proof that it has closed.
        pages = in_order(
            ask,
            max(start, begins),
            last + length,
            reach=(limit + 2) * length,
            apart=0 if is_on_grid else length - 1,
            following=lambda time: time + length,
        )
        async for page in pages:
            found |= page
            if found and max(found) >= last:
                break
        if found and min(found) > start:
            self._begins[coin, interval] = min(found)
        return candles(interval, (await self.proven(found, length, end))[-limit:])


def horizon(now: datetime, length: int) -> datetime:
    """Return from when on the venue has bars of this length (ms)."""
    return from_ms((to_ms(now) // length - KEPT + 1) * length)
