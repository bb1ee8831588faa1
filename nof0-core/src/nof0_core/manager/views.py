"""Pictures of all accounts, for exporters, allocators and displays."""

from __future__ import annotations

from collections.abc import Mapping

from nof0_core.config.model import Config
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.view import TraderView, View
from nof0_core.exchange.books import Books
from nof0_core.ids import Symbol, TraderId
from nof0_core.manager.trader import Trader
from nof0_core.manager.valuation import Valuation
from nof0_core.money import ZERO


class Views:
    """Builds read-only pictures from the ledger at the newest marks."""

    def __init__(
        self,
        *,
        config: Config,
        books: Books,
        valuation: Valuation,
        traders: Mapping[TraderId, Trader],
    ) -> None:
        self._config = config
        self._books = books
        self._valuation = valuation
        self._traders = traders

    def traders(self) -> tuple[TraderView, ...]:
        """Return all traders, in configuration order."""
        ledger = self._books.ledger
        return tuple(
            TraderView(
                trader=trader.id,
                name=trader.name,
                model=trader.model.name,
                is_baseline=not self._config.backends[trader.model.backend].kind.reads_prompt,
                section=trader.exchange,
                started_at=ledger.started_at(trader.id) or self._books.clock.now(),
                initial_capital=ledger.initial_capital(trader.id) or ZERO,
                account=self._valuation.account(trader.id),
                performance=self._valuation.performance(trader.id),
                status=self._traders[trader.id].status,
                next_cycle=self._traders[trader.id].due,
                trades=ledger.trades(trader.id),
                equity_curve=ledger.curve(trader.id),
            )
            for trader in self._config.traders
        )

    def all(self) -> View:
        """Return the whole picture."""
        quotes: dict[Symbol, Quote] = {}
        section_quotes: Mapping[Symbol, Quote]
        for section_quotes in self._valuation.quotes.values():
            quotes.update(section_quotes)
        return View(
            seq=self._books.journal.last_seq,
            time=self._books.clock.now(),
            traders=self.traders(),
            quotes=quotes,
        )
