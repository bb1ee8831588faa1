"""What is held on each venue account, remembered until an event can have changed it."""

from __future__ import annotations

from nof0_core.domain.body import Body
from nof0_core.domain.event import CycleEnded, HourMarked, HoursMarked, Reconciled
from nof0_core.ledger.position import Position
from nof0_core.state.held import with_unbooked
from nof0_core.state.money_ledger import MoneyLedger
from nof0_core.state.order_register import OrderRegister


class Positions:
    """Positions as they are booked, and as they will be; asked for many times between two events.

    As long as no event says anything of positions, orders or cash, each is the same object.
    """

    def __init__(self, ledger: MoneyLedger, orders: OrderRegister) -> None:
        self._ledger = ledger
        self._orders = orders
        # These only look at the ledger's accounts as a whole.
        looks = {CycleEnded, HourMarked, HoursMarked, Reconciled}
        self._moves = {*ledger.handlers, *orders.handlers} - looks
        self._booked: dict[str, tuple[Position, ...]] = {}
        self._held: dict[str, tuple[Position, ...]] = {}

    def note(self, body: Body) -> None:
        """Forget what an event that is about to be taken over may change."""
        if type(body) in self._moves:
            self._booked.clear()
            self._held.clear()

    def booked(self, venue_account: str) -> tuple[Position, ...]:
        """Return all positions, by trader, then in the order of opening."""
        known = self._booked.get(venue_account)
        if known is None:
            found = self._ledger.venue_accounts.get(venue_account)
            accounts = found.accounts.values() if found is not None else ()
            known = tuple([p for account in accounts for p in account.positions.values()])
            self._booked[venue_account] = known
        return known

    def held(self, venue_account: str) -> tuple[Position, ...]:
        """Return all positions, with what the venue has answered and nobody has booked yet."""
        known = self._held.get(venue_account)
        if known is None:
            unbooked = self._orders.unbooked_in(venue_account)
            known = self.booked(venue_account)
            if unbooked:
                known = with_unbooked(known, unbooked)
            self._held[venue_account] = known
        return known
