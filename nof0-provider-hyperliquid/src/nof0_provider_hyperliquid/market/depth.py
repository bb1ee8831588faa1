"""Order books of several coins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import anyio

from nof0_core.domain.order_book import OrderBook
from nof0_core.errors import DataError, ProviderError
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.market.board import Board
from nof0_provider_hyperliquid.market.single_flight import SingleFlight
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.wire.book import read_book

FRESH = timedelta(seconds=0.5)
"""The venue makes a new book twice a second."""


class DepthReader:
    """Asks `l2Book` for each coin, all at the same time; never with prices put together."""

    def __init__(self, client: InfoClient, *, board: Board, env: Env) -> None:
        self._client = client
        self._board = board
        self._clock = env.clock
        self._asking: dict[str, SingleFlight[OrderBook | None]] = {}

    async def books(self, symbols: Sequence[Symbol]) -> dict[Symbol, OrderBook]:
        """Return the present book of each symbol that is traded and has one.

        Raises:
            TransientError: for what may pass.
            DataError: for an answer that is no book.
        """
        universe = await self._board.universe()
        found: dict[Symbol, OrderBook] = {}
        errors: list[ProviderError] = []

        async def one(symbol: Symbol, coin: str) -> None:
            try:
                book = await self._flight(symbol, coin).get()
            except ProviderError as error:
                errors.append(error)
            else:
                if book is not None:
                    found[symbol] = book

        async with anyio.create_task_group() as tasks:
            for symbol in dict.fromkeys(symbols):
                asset = universe.assets.get(symbol)
                if asset is not None and not asset.is_delisted:
                    tasks.start_soon(one, symbol, asset.coin)
        if errors and not found:
            raise next((e for e in errors if isinstance(e, DataError)), errors[0])
        return found

    def _flight(self, symbol: Symbol, coin: str) -> SingleFlight[OrderBook | None]:
        if coin not in self._asking:

            async def ask() -> OrderBook | None:
                answer = await self._client.info({"type": "l2Book", "coin": coin})
                return read_book(answer, symbol, coin)

            self._asking[coin] = SingleFlight(ask, clock=self._clock, fresh=FRESH)
        return self._asking[coin]
