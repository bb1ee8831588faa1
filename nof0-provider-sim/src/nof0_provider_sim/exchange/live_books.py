"""Order books of a market that runs by itself."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from nof0_core.domain.candles import to_ms
from nof0_core.domain.order_book import OrderBook
from nof0_core.errors import DataError, TransientError
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Logger
from nof0_core.protocols import OptionalMarketMethods


@attrs.frozen(kw_only=True)
class SeenBook:
    """An order book and since when it holds, by this side's clock (ms).

    What the paper account took since then is gone from it.
    """

    book: OrderBook
    since_ms: int


class LiveBooks:
    """Newest books of a market that shows them; one older than `max_age_ms` is none.

    A book that cannot be had, or is old, does not hold an order up: it fills by the formula, and
    the log says so.
    """

    def __init__(self, market: OptionalMarketMethods, max_age_ms: int, log: Logger) -> None:
        self._market = market
        self._max_age_ms = max_age_ms
        self._log = log
        self._seen: dict[Symbol, SeenBook] = {}

    async def fetch(self, symbols: Sequence[Symbol], now_ms: int) -> None:
        """Ask for the books of these coins; what is not told is forgotten."""
        for symbol in symbols:
            self._seen.pop(symbol, None)
        try:
            books = await self._market.books(symbols)
        except (TransientError, DataError) as error:
            self._log.warning(
                "no order books, filled by formula", symbols=symbols, error=str(error)
            )
            return
        for symbol, book in books.items():
            # By a clock ahead of ours the book would hold only later than the orders it fills.
            seen = SeenBook(book=book, since_ms=min(to_ms(book.time), now_ms))
            age = now_ms - seen.since_ms
            if age <= self._max_age_ms:
                self._seen[symbol] = seen
            else:
                self._log.warning("order book is old, filled by formula", symbol=symbol, age_ms=age)

    def fresh(self, symbol: Symbol, now_ms: int) -> SeenBook | None:
        """Return the book of a coin, None if it is older than allowed or was never told."""
        seen = self._seen.get(symbol)
        if seen is None or now_ms - seen.since_ms > self._max_age_ms:
            return None
        return seen
