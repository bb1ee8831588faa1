"""Bars and funding rates of the past, for `nof0 data download`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from nof0_core.domain.candles import Candles, Interval, from_ms, to_ms
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_core.protocols import FundingRate
from nof0_provider_hyperliquid.market.bars import KEPT, BarReader, horizon
from nof0_provider_hyperliquid.market.board import Board
from nof0_provider_hyperliquid.market.paging import in_order
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.candles import Bar, candles, check_interval
from nof0_provider_hyperliquid.wire.funding import EARLY_MS, HOUR_MS, by_hour, hour_of, read_rates

_ROWS = 500
"""Rates in an answer, at most."""
_LATE_MS = 60_000
"""A first rate that is later than this after the hour is looked for earlier."""
_DAY_MS = 86_400_000


class History:
    """Pages through what the venue still has; downloads are the last whose turn it is."""

    def __init__(self, client: InfoClient, *, board: Board, bars: BarReader, env: Env) -> None:
        self._client = client
        self._board = board
        self._bars = bars
        self._clock = env.clock

    async def candles(
        self, symbol: Symbol, interval: Interval, start: datetime, end: datetime
    ) -> AsyncIterator[Candles]:
        """Yield closed bars that opened from `start` on and closed by `end`, oldest first.

        What the venue still has is yielded before anything is raised.

        Raises:
            DataError: there is no such coin or interval, bars contradict themselves, or the venue
                has no bars that old any more: the message says from when on it has them.
            TransientError: for what may pass.
        """
        length = check_interval(interval)
        coin = (await self._board.universe()).asset(symbol).coin
        oldest = to_ms(horizon(self._clock.now(), length))
        begin = max(_up(to_ms(start), length), oldest)
        last = to_ms(end)
        first: int | None = None

        async def ask(at: int, until: int) -> dict[int, Bar]:
            return await self._bars.page(coin, interval, at, until, Priority.DOWNLOADS)

        # One bar more than is wanted proves that the last one has closed.
        pages = in_order(
            ask,
            begin,
            last,
            reach=KEPT * length,
            apart=0 if length <= _DAY_MS else length - 1,
            following=lambda time: time + length,
        )
        async for page in pages:
            closed = await self._bars.proven(page, length, last)
            if closed and first is None:
                first = closed[0][0]
            yield candles(interval, closed)
        if _up(to_ms(start), length) < oldest:
            raise _gone(coin, interval, start, oldest if first is None else first)

    async def funding(
        self, symbol: Symbol, start: datetime, end: datetime
    ) -> AsyncIterator[Sequence[FundingRate]]:
        """Yield the rates settled from `start` on and before `end`, oldest first.

        Each is of the full hour it was settled for; the venue writes it down a moment later.

        Raises:
            DataError: there is no such coin, or rates contradict each other.
            TransientError: for what may pass.
        """
        coin = (await self._board.universe()).asset(symbol).coin

        async def ask(at: int, until: int) -> dict[int, float]:
            return await self._rates(coin, at, until)

        begin, last = to_ms(start), to_ms(end)
        told = begin - 1
        pages = in_order(
            ask,
            begin - EARLY_MS,
            last + HOUR_MS,
            reach=_ROWS * HOUR_MS,
            apart=_LATE_MS,
            following=lambda time: hour_of(time) + HOUR_MS - EARLY_MS,
        )
        async for page in pages:
            rates = [
                FundingRate(time=from_ms(hour), rate=rate)
                for hour, rate in sorted(by_hour(sorted(page.items()), coin).items())
                if told < hour < last
            ]
            if rates:
                told = to_ms(rates[-1].time)
            yield rates

    async def _rates(self, coin: str, start: int, end: int) -> dict[int, float]:
        request = {
            "type": "fundingHistory",
            "coin": coin,
            "startTime": start,
            "endTime": end,
        }
        rows = min(_ROWS, (end - start) // HOUR_MS + 1)
        answer = await self._client.info(request, rows=rows, priority=Priority.DOWNLOADS)
        rates = read_rates(answer, coin)
        by_hour(rates, coin)
        found = dict(rates)
        if len(rates) > 1 and len(found) == 1:
            message = (
                f"funding of {coin}: {len(rates)} rates of one millisecond ({rates[0][0]}) fill an"
                " answer, so that nobody can tell what follows"
            )
            raise DataError(message)
        return found


def _up(time: int, length: int) -> int:
    return time if length > _DAY_MS else -(-time // length) * length


def _gone(coin: str, interval: Interval, start: datetime, first: int) -> DataError:
    since = f"{from_ms(first):%Y-%m-%d %H:%M}"
    return DataError(
        f"the venue keeps the newest {KEPT:,} {interval} bars of {coin}: it has them from {since}"
        f" on, and nothing of {start:%Y-%m-%d %H:%M} to {since}",
        hints=("longer intervals reach further back; recordings of others can be imported",),
    )
