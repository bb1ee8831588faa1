"""The prices that protection acts on, also of coins for which the market has none."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from decimal import Decimal, DecimalException

import attrs

from nof0_core.domain.account import AccountReport
from nof0_core.domain.position import VenuePosition
from nof0_core.domain.snapshot import Quote
from nof0_core.execution.exits import Exits
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.ids import Symbol, TraderId
from nof0_core.ledger import Position
from nof0_core.money import EXACT, ZERO, exactly
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder

STEP = Decimal("1E-8")
"""What an implied price is rounded to, in USD."""


class Prices:
    """The newest price of each coin of one venue account, as far as anybody tells one.

    A coin that the market has no quote of is judged by the price that the venue's report implies.
    Where there has been neither for a trader's `quote_deadline` (engine time from the first look
    without, after a start from the first report), nobody can watch a position: without a stop at
    the venue it has to be closed.
    """

    def __init__(
        self, *, recorder: Recorder, exits: Exits, policies: Mapping[TraderId, OrderPolicy]
    ) -> None:
        self.quotes: dict[Symbol, Quote] = {}
        """The newest quote of each coin that the market has told, however long ago."""
        self.best: dict[Symbol, Quote] = {}
        """The newest price of each coin, from the market, else implied, else the last known."""
        self._recorder = recorder
        self._exits = exits
        self._policies = policies
        self._quoted: AbstractSet[Symbol] = frozenset()
        self._known_at: dict[Symbol, datetime] = {}
        self._reported_at: datetime | None = None
        self._unknown: AlertOnce[tuple[TraderId, int]] = AlertOnce(recorder, "price_unknown")

    @property
    def is_known(self) -> bool:
        """Tell whether nobody holds what has been without a price for too long."""
        return not self._unknown.raised

    def look(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Take over all quotes the market has now: what is not among them it has none of."""
        if self._quoted != quotes.keys():
            # Nobody has looked since the price before, however long ago: that is no silence.
            lost = self._quoted - quotes.keys()
            self._known_at.update(dict.fromkeys(lost, self._recorder.clock.now()))
            self._quoted = frozenset(quotes)
        self.quotes.update(quotes)
        self.best.update(quotes)

    def take(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Take over some quotes of now; of other coins they say nothing."""
        for symbol in quotes.keys() - self._quoted:
            self._known_at[symbol] = self._recorder.clock.now()
        self.quotes.update(quotes)
        self.best.update(quotes)

    @exactly
    def see(self, report: AccountReport) -> None:
        """Take over what the venue's positions imply of coins without a quote."""
        now = self._recorder.clock.now()
        if self._reported_at is None:
            self._reported_at = now
        for position in report.positions:
            if position.symbol in self._quoted:
                continue
            mark = implied_mark(position)
            if mark is not None:
                self._known_at[position.symbol] = now
                self.best[position.symbol] = self._quote(position.symbol, mark)

    def overdue(self) -> list[Position]:
        """Return the positions without a stop at the venue that nobody has known a price of.

        Those whose trader has no stops are only told of.
        """
        found: list[Position] = []
        blind: set[tuple[TraderId, int]] = set()
        for position in self._exits.positions:
            if position.symbol in self._quoted or not self._is_late(position):
                continue
            has_plan = position.plan.stop_loss is not None
            if has_plan and self._exits.of(position).has_stop():
                continue
            blind.add(self._alert(position, is_closed=has_plan))
            if has_plan:
                found.append(position)
                if position.symbol not in self.best:
                    # What was paid is the last price that anybody has told.
                    self.best[position.symbol] = self._quote(position.symbol, position.entry_price)
        if self._unknown.raised:
            self._unknown.clear_all_but(blind)
        return found

    def _is_late(self, position: Position) -> bool:
        known = self._known_at.get(position.symbol, self._reported_at)
        if known is None:
            return False
        now = self._recorder.clock.now()
        if known > now:
            # The clock was set back: the time before it counts for nothing.
            self._known_at[position.symbol] = now
        return now - known >= self._policies[position.trader].quote_deadline

    def _alert(self, position: Position, *, is_closed: bool) -> tuple[TraderId, int]:
        key = position.trader, position.opened_seq
        limit = self._policies[position.trader].quote_deadline.total_seconds()
        what = "no stop stands at the exchange either, and the position is closed"
        if not is_closed:
            what = "the trader has no stops, and nothing is closed"
        self._unknown.alert(
            key,
            f"for {limit:g} s neither the market nor the exchange has told a price of "
            f"{position.symbol}: {what}",
            trader=position.trader,
            symbol=position.symbol,
        )
        return key

    def _quote(self, symbol: Symbol, mark: Decimal) -> Quote:
        last, now = self.best.get(symbol), self._recorder.clock.now()
        if last is None:
            return Quote(symbol=symbol, time=now, mark=mark, mid=mark, oracle=mark)
        return attrs.evolve(last, time=now, mark=mark, mid=mark, oracle=mark)


def implied_mark(position: VenuePosition) -> Decimal | None:
    """Return the mark at which a position is worth what its report says: entry + PnL / quantity.

    In USD, rounded to 8 decimals; None where that is no positive, finite price.
    """
    try:
        change = EXACT.divide(position.unrealized_pnl, position.quantity)
        mark = EXACT.add(position.entry_price, change)
        return mark.quantize(STEP, context=EXACT) if mark > ZERO else None
    except DecimalException:
        return None
