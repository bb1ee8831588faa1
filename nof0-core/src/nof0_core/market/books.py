"""Order books, asked for together with quotes where somebody looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from nof0_core.border.quarantine import Ward
from nof0_core.border.records import BOOK, mapping
from nof0_core.clock import Clock
from nof0_core.domain.order_book import OrderBook
from nof0_core.errors import EndOfDataError, ProviderError
from nof0_core.ids import Symbol
from nof0_core.market.calls import MarketCalls
from nof0_core.market.quotes import CLOCK_SKEW

LEVELS = 100
"""Best levels of each side that are shown and recorded; a venue may have any number."""
VERB = "books"
WITHOUT = "no order book of {} is shown until the next good one"


class BookReader:
    """Asks a market for order books; a coin without a good one has none, which holds nothing up."""

    def __init__(self, *, calls: MarketCalls, clock: Clock, is_recorded: bool, ward: Ward) -> None:
        """Take how the market is asked; a coin with a bad book is in quarantine in `ward`.

        Like a quote a book may be ahead of this clock a little, but where it is recorded.
        """
        self._calls = calls
        self._clock = clock
        self._ward = ward
        self._skew = timedelta(0) if is_recorded else CLOCK_SKEW

    async def get(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, OrderBook]:
        """Return the present books, cut to `LEVELS`; nobody is asked where the market has none.

        Raises:
            EndOfDataError: a recording is over.
        """
        if not symbols or not self._calls.shows_books:
            return {}
        try:
            answer = mapping(await self._calls.books(symbols))
        except EndOfDataError:
            raise
        except ProviderError:
            return {}
        if isinstance(answer, str):
            for symbol in symbols:
                self._refuse(symbol, answer)
            return {}
        now = self._clock.now()
        checked = ((s, self._checked(s, answer[s], now)) for s in symbols if s in answer)
        return {symbol: book for symbol, book in checked if book is not None}

    def _checked(self, symbol: Symbol, book: object, now: datetime) -> OrderBook | None:
        wrong = self._fault(symbol, book, now)
        if wrong or not isinstance(book, OrderBook):
            self._refuse(symbol, wrong)
            return None
        self._ward.release(VERB, symbol)
        return attrs.evolve(book, bids=book.bids[:LEVELS], asks=book.asks[:LEVELS])

    def _refuse(self, symbol: Symbol, wrong: str) -> None:
        self._ward.put(VERB, f"for {symbol} {wrong}", WITHOUT.format(symbol), symbol=symbol)

    def _fault(self, symbol: Symbol, book: object, now: datetime) -> str:
        wrong = BOOK(book)
        if wrong or not isinstance(book, OrderBook):
            return wrong
        if book.symbol != symbol:
            return f"is one of {book.symbol}"
        if book.time > now + self._skew:
            said, at = f"{book.time:%Y-%m-%d %H:%M:%S}", f"{now:%Y-%m-%d %H:%M:%S}"
            return f"is from the future: {said}, now is {at}"
        return ""
