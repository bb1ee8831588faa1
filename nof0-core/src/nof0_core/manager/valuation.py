"""What everything is worth now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from nof0_core.analysis.performance import PerformanceTracker
from nof0_core.config.model import Config
from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.snapshot import Quote
from nof0_core.exchange.books import Books
from nof0_core.ids import Symbol, TraderId
from nof0_core.market.feed import MarketFeed
from nof0_core.money import exactly


class Valuation:
    """Values the virtual accounts at the newest marks.

    Each exchange section is valued with the quotes of one market section (`pricing`), so that all
    its traders see the same worth of the same coin.
    """

    def __init__(
        self,
        *,
        config: Config,
        books: Books,
        feeds: Mapping[str, MarketFeed],
        pricing: Mapping[str, str],
    ) -> None:
        self._books = books
        self._feeds = feeds
        self._pricing = pricing
        self._sections = {trader.id: trader.exchange for trader in config.traders}
        self._symbols = {
            section: tuple(
                dict.fromkeys(s for t in config.traders if t.exchange == section for s in t.symbols)
            )
            for section in config.exchanges
        }
        self.quotes: dict[str, dict[Symbol, Quote]] = {section: {} for section in config.exchanges}
        self._marks: dict[str, dict[Symbol, Decimal]] = {name: {} for name in config.exchanges}
        self._trackers = {trader.id: PerformanceTracker() for trader in config.traders}

    async def refresh(
        self, section: str, symbols: Sequence[Symbol] | None = None
    ) -> Mapping[Symbol, Quote]:
        """Fetch quotes for a section: of some symbols, or of all its traders' and held ones."""
        if symbols is None:
            held = self._books.ledger.totals(section).sizes
            symbols = tuple(dict.fromkeys((*self._symbols[section], *held)))
        quotes = await self._feeds[self._pricing[section]].quotes(symbols)
        self.quotes[section].update(quotes)
        marks = self._marks[section]
        for symbol, quote in quotes.items():
            marks[symbol] = quote.mark
        return quotes

    def account(self, trader: TraderId) -> AccountState:
        """Value one trader's account at the newest marks known."""
        section = self._sections[trader]
        return self._books.ledger.account(
            section,
            trader,
            self._marks[section],
            self._books.clock.now(),
            self._feeds[self._pricing[section]].instruments,
        )

    @exactly
    def performance(self, trader: TraderId, account: AccountState) -> Performance:
        """Return a trader's statistics so far; costs only what is new since the last call."""
        ledger = self._books.ledger
        return self._trackers[trader].performance(
            ledger.trades(trader), ledger.curve(trader), account, ledger.cycles(trader)
        )
