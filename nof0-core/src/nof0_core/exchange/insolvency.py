"""Closing out a trader before it loses what belongs to others.

The venue looks at the shared account as a whole: while that has margin, it lets a single virtual
account sink below zero. So the engine applies the venue's own rule to every trader by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError
from nof0_core.exchange.books import Books
from nof0_core.ids import Symbol, TraderId
from nof0_core.ledger import Position, maintenance_of
from nof0_core.money import plain

PURPOSE = "liquidation"
"""What the orders that close such a trader are for; the reason of its closed trades, too."""


class Insolvency:
    """Watches the virtual accounts of one exchange section."""

    def __init__(
        self, *, section: str, books: Books, instruments: Mapping[Symbol, Instrument]
    ) -> None:
        self._section = section
        self._books = books
        self._instruments = instruments
        self._told: set[TraderId] = set()

    def due(self, quotes: Mapping[Symbol, Quote]) -> list[Position]:
        """Return all positions of traders whose equity is below their maintenance margin.

        Each such trader raises one alert, again only after it was solvent in between. A trader that
        cannot be valued because a price is missing is not judged. The shared accounts are left
        alone: what they hold, no trader decided.
        """
        marks = {symbol: quote.mark for symbol, quote in quotes.items()}
        ledger, found = self._books.ledger, []
        by_trader: dict[TraderId, list[Position]] = {}
        for position in ledger.positions(self._section):
            if not position.trader.startswith("@"):
                by_trader.setdefault(position.trader, []).append(position)
        self._told &= by_trader.keys()
        for trader, positions in by_trader.items():
            try:
                account = ledger.account(
                    self._section, trader, marks, self._books.clock.now(), self._instruments
                )
            except DataError as error:
                self._books.log.warning("margin of a trader unknown", error=str(error))
                continue
            needed = maintenance_of(account.holdings, self._instruments)
            if account.equity >= needed:
                self._told.discard(trader)
                continue
            found += positions
            if trader not in self._told:
                self._told.add(trader)
                self._books.alert(
                    "insolvent",
                    f"equity of {plain(account.equity)} USD is below the maintenance margin of "
                    f"{plain(needed)} USD: all positions of the trader are closed",
                    trader=trader,
                )
        return found
