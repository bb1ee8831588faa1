"""The market provider of a live venue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from nof0_core.domain.candles import Candles, Interval
from nof0_core.domain.health import Health
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order_book import OrderBook
from nof0_core.domain.snapshot import Quote
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_core.protocols import FundingRate, MarketCapability, QuoteStream
from nof0_provider_hyperliquid.market.bars import BarReader
from nof0_provider_hyperliquid.market.board import Board
from nof0_provider_hyperliquid.market.depth import DepthReader
from nof0_provider_hyperliquid.market.history import History
from nof0_provider_hyperliquid.market.streamed import StreamedPrices
from nof0_provider_hyperliquid.market.venue_time import VenueTime
from nof0_provider_hyperliquid.stream.live import MarketStream
from nof0_provider_hyperliquid.transport.budget import NetworkBudget
from nof0_provider_hyperliquid.transport.client import InfoClient


class HyperliquidMarket:
    """Perpetuals of one dex. Nothing is asked before somebody wants to know.

    Symbols are the venue's names without that of the dex. `Quote.time` is when the venue was asked,
    as it does not say of when its prices are; where they stand still, when they were first seen.
    """

    def __init__(
        self,
        client: InfoClient,
        *,
        dex: str,
        budget: NetworkBudget,
        env: Env,
        stream: MarketStream | None = None,
    ) -> None:
        self._board = Board(client, dex=dex, env=env)
        self._streamed = StreamedPrices(stream, env=env) if stream is not None else None
        self._bars = BarReader(
            client,
            board=self._board,
            venue_time=VenueTime(client, clock=env.clock),
            env=env,
            stream=stream,
        )
        self._depth = DepthReader(client, board=self._board, env=env)
        self._history = History(client, board=self._board, bars=self._bars, env=env)
        self._budget = budget

    @property
    def capabilities(self) -> frozenset[MarketCapability]:
        """Return what the market can do."""
        return frozenset(
            {
                MarketCapability.ORDER_BOOKS,
                MarketCapability.DOWNLOAD,
                MarketCapability.HEALTH,
                MarketCapability.FIGURES,
            }
        )

    async def instruments(self) -> Mapping[Symbol, Instrument]:
        """Return everything that is traded now, by symbol."""
        return (await self._board.universe()).instruments()

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Return the newest `limit` bars that closed at or before `end`, oldest first."""
        return await self._bars.newest(symbol, interval, end, limit)

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Return the current quote of each symbol that is traded."""
        if self._streamed is not None:
            found = self._streamed.quotes(await self._board.universe(), symbols)
            if found is not None:
                return found
        return await self._board.quotes(tuple(symbols))

    async def books(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, OrderBook]:
        """Return the present book of each symbol that is traded, 20 levels a side."""
        return await self._depth.books(symbols)

    def download(
        self, symbol: Symbol, interval: Interval, start: datetime, end: datetime
    ) -> AsyncIterator[Candles]:
        """Yield the closed bars of a span, oldest first."""
        return self._history.candles(symbol, interval, start, end)

    def download_funding(
        self, symbol: Symbol, start: datetime, end: datetime
    ) -> AsyncIterator[Sequence[FundingRate]]:
        """Yield the funding rates of a span, oldest first."""
        return self._history.funding(symbol, start, end)

    def health(self) -> tuple[Health, str]:
        """Say whether the venue answers, prices move and requests get through."""
        health, sentence = self._board.health()
        if health is Health.OK and self._streamed is not None:
            health, sentence = self._streamed.health()
        return (health, sentence) if health is not Health.OK else self._budget.health()

    def figures(self) -> Mapping[str, float]:
        """Tell what of the network's budget is used and left; all its sections tell the same."""
        return self._budget.figures()


class StreamedMarket(HyperliquidMarket):
    """The same with the venue's stream beside it: what it tells is not asked for."""

    def __init__(
        self,
        client: InfoClient,
        *,
        dex: str,
        budget: NetworkBudget,
        env: Env,
        stream: MarketStream,
    ) -> None:
        super().__init__(client, dex=dex, budget=budget, env=env, stream=stream)
        self._stream = stream

    @property
    def capabilities(self) -> frozenset[MarketCapability]:
        """Return what the market can do."""
        return super().capabilities | {MarketCapability.QUOTE_STREAM}

    def quote_updates(self) -> QuoteStream:
        """Open a stream of symbols whose price has moved by a thousandth."""
        return self._stream.updates()
