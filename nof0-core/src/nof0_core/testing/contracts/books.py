"""What must hold for every market that shows order books."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import anyio
import pytest

from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_core.protocols import MarketCapability, market_with
from nof0_core.testing.contracts.service import Opener, ServiceContract
from nof0_core.testing.declared import DeclaredMarket

NEAR = Decimal("0.05")
"""How far, as a part of it, the best prices of a book may be from the mid of the quote."""


class OrderBookContract(ServiceContract):
    """Suite for markets with ORDER_BOOKS, beside `MarketContract`.

    Inherit from both in one class, or from this one alone. What a book is, `OrderBook` checks when
    it is made; here is what a provider may get wrong around it.
    """

    @pytest.fixture
    def symbol(self) -> Symbol:
        """Return what is looked at; there must be a book of it."""
        return Symbol("BTC")

    @pytest.fixture
    async def market(self, opener: Opener) -> AsyncIterator[Any]:
        """Open the provider; an answer that is not of its declared type fails the test."""
        async with opener.open() as market:
            yield DeclaredMarket(market)

    async def test_books_are_offered(self, market: Any) -> None:
        """The capability is seen as one."""
        assert market_with(market, MarketCapability.ORDER_BOOKS) is not None

    async def test_books_are_of_what_was_asked(self, market: Any, symbol: Symbol) -> None:
        """Each book is filed under its own symbol; coins without one are left out."""
        books = await market.books([symbol, Symbol("NOSUCHCOIN")])
        assert {name: book.symbol for name, book in books.items()} == {symbol: symbol}

    async def test_books_are_not_from_the_future(
        self, market: Any, env: Env, symbol: Symbol
    ) -> None:
        """The time of a book is aware and not later than now."""
        book = (await market.books([symbol]))[symbol]
        assert book.time <= env.clock.now(), f"book of {book.time} is from the future"

    async def test_books_keep_the_rules_of_the_coin(self, market: Any, symbol: Symbol) -> None:
        """Prices are on ticks and sizes whole lots: nothing was rounded or summed up."""
        instrument = (await market.instruments())[symbol]
        book = (await market.books([symbol]))[symbol]
        assert book.bids
        assert book.asks
        for level in (*book.bids, *book.asks):
            assert instrument.is_valid_price(level.price), f"{level.price} is on no tick"
            assert instrument.is_valid_size(level.size), f"{level.size} is no whole lot"

    async def test_books_surround_the_quote(self, market: Any, symbol: Symbol) -> None:
        """Best bid and ask are near the mid of the quote: prices in USD, sides not swapped."""
        quote = (await market.quotes([symbol]))[symbol]
        book = (await market.books([symbol]))[symbol]
        for level in (*book.bids[:1], *book.asks[:1]):
            apart = abs(level.price - quote.mid) / quote.mid
            assert apart <= NEAR, f"{level.price} is far from the mid of {quote.mid}"

    async def test_cancelled_call_for_books_harms_no_other(
        self, market: Any, symbol: Symbol
    ) -> None:
        """Others that wait for the same book still get it."""
        found = []

        async def ask() -> None:
            found.append(await market.books([symbol]))

        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as scope:
                scope.cancel()
                await market.books([symbol])
            tasks.start_soon(ask)
            tasks.start_soon(ask)
        assert [set(books) for books in found] == [{symbol}, {symbol}]
