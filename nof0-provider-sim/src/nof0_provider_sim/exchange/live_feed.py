"""Prices of a market that runs by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Literal

from nof0_core.domain.candles import to_ms
from nof0_core.domain.snapshot import Quote
from nof0_core.ids import Symbol
from nof0_core.money import EXACT
from nof0_core.protocols import MarketProvider
from nof0_provider_sim.exchange.bar import Bar, IsStale
from nof0_provider_sim.exchange.live_books import LiveBooks, SeenBook

PUSHED_FOR_MS = 60_000
"""How long quotes that were handed in spare the market a call."""
_MINUTE_MS = 60_000
_DAY_MINUTES = 1440


class LiveFeed:
    """Newest quotes of a market that cannot be looked into; every price is the current mark.

    Quotes are handed in by whoever watches the market (`push`). What nobody handed in for
    `PUSHED_FOR` is fetched, and so is always what an order needs when it arrives. `books` are the
    market's order books, if it shows any.
    """

    is_live: Literal[True] = True
    is_at_hand = False

    def __init__(
        self, market: MarketProvider, books: LiveBooks | None, is_stale: IsStale | None
    ) -> None:
        self._market = market
        self._books = books
        self._is_stale = is_stale
        self._quotes: dict[Symbol, Quote] = {}
        self._pushed: dict[Symbol, int] = {}

    def push(self, quotes: Mapping[Symbol, Quote], now_ms: int) -> None:
        """Take quotes that were just fetched."""
        self._take(quotes, now_ms)
        for symbol in quotes:
            self._pushed[symbol] = now_ms

    async def refresh(
        self, held: Collection[Symbol], ordered: Collection[Symbol], now_ms: int
    ) -> None:
        """Fetch what is needed to value `held` coins and to price orders in `ordered` ones.

        Errors of the market pass through.
        """
        old = {s for s in held if now_ms - self._pushed.get(s, -PUSHED_FOR_MS) >= PUSHED_FOR_MS}
        wanted = sorted(old | set(ordered))
        if wanted:
            self._take(await self._market.quotes(wanted), now_ms)

    async def refresh_books(self, traded: Collection[Symbol], now_ms: int) -> None:
        """Fetch the order books of coins in which something is about to trade.

        A coin whose mark stands still has none: its book would tell the price of the moment.
        """
        if self._books is None:
            return
        wanted = [s for s in traded if self._is_stale is None or not self._is_stale(s, now_ms)]
        if wanted:
            await self._books.fetch(sorted(wanted), now_ms)

    def book(self, symbol: Symbol, now_ms: int) -> SeenBook | None:
        """Return the present order book of a coin, None where there is none."""
        return self._books.fresh(symbol, now_ms) if self._books is not None else None

    def mark_ms(self, symbol: Symbol, now_ms: int) -> int:
        """Return since when the mark holds."""
        quote = self._quotes.get(symbol)
        return to_ms(quote.time) if quote else now_ms

    def volume(self, symbol: Symbol, _now_ms: int) -> Decimal | None:
        """Return the coins traded per minute, on the average of a day."""
        quote = self._quotes.get(symbol)
        if quote is None or quote.day_volume_usd is None:
            return None
        return EXACT.divide(quote.day_volume_usd, quote.mark * _DAY_MINUTES)

    def _take(self, quotes: Mapping[Symbol, Quote], now_ms: int) -> None:
        for symbol, quote in quotes.items():
            is_stale = self._is_stale is not None and self._is_stale(symbol, now_ms)
            if symbol not in self._quotes or not is_stale:
                self._quotes[symbol] = quote

    def mark(self, symbol: Symbol, _now_ms: int) -> Decimal | None:
        """Return the newest mark, None if there never was one."""
        quote = self._quotes.get(symbol)
        return quote.mark if quote else None

    def oracle(self, symbol: Symbol, _now_ms: int) -> Decimal | None:
        """Return the newest oracle price."""
        quote = self._quotes.get(symbol)
        return quote.oracle if quote else None

    def rate(self, symbol: Symbol, _now_ms: int) -> Decimal | None:
        """Return the newest hourly funding rate, None where the market tells none."""
        quote = self._quotes.get(symbol)
        return quote.funding_rate if quote else None

    def misses_rate(self, _symbol: Symbol, _hour_ms: int) -> bool:
        """Tell whether `rate` answers with the rate of an earlier hour: it has only the newest."""
        return False

    def bar(self, symbol: Symbol, close_ms: int) -> Bar | None:
        """Return the current mark as a bar that opened when the mark did."""
        mark = self.mark(symbol, close_ms)
        if mark is None:
            return None
        return Bar(
            open_ms=self.mark_ms(symbol, close_ms),
            close_ms=close_ms,
            open=mark,
            high=mark,
            low=mark,
            close=mark,
            volume=self.volume(symbol, close_ms),
            volume_from_ms=close_ms - _MINUTE_MS,
        )
