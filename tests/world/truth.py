"""What truly happened at the venue, kept apart from the engine: who holds what, and why."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal as D

from nof0_core.domain.event import Filled, Offset
from nof0_core.domain.fill import Fill
from nof0_core.ids import UNASSIGNED, client_order_id, trader_tag

ZERO = D(0)


class Truth:
    """Positions by trader, attributed by client order id, as the venue carried orders out.

    `faults` collects a sentence for each execution that no approval explains. `by_hand` is what a
    person holds of each coin, `filled` the executed size of each order, `orders` those that filled
    and `stops` where to get out, by trader and coin, `data_times` when an entry's data was made.
    `manual` are the executions of a person's, `looked` the time of the report, fresh as it left,
    that an order relied on.
    """

    def __init__(self, traders) -> None:
        self.traders = {trader_tag(t): t for t in traders}
        self.held: defaultdict[tuple[str, str], D] = defaultdict(D)
        self.by_hand: defaultdict[str, D] = defaultdict(D)
        self.filled: defaultdict[str, D] = defaultdict(D)
        self.stops: dict[tuple[str, str], D | None] = {}
        self.orders: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.data_times: dict[str, object] = {}
        self.manual: list[Fill] = []
        self.looked: dict[str, object] = {}
        self._stops: dict[str, D | None] = {}
        self.faults: list[tuple[str, str]] = []

    def approve(self, approved, data_time, stop):
        """Note an approved entry: its order's id, the time of its data, and its stop."""
        symbol = approved.decision.symbol
        client_id = client_order_id(approved.trader, approved.cycle, symbol, "open")
        self.data_times[client_id] = data_time
        self._stops[client_id] = stop

    def owner(self, client_id):
        """Return whose order it is."""
        return self.traders[client_id[2:10]]

    def is_entry(self, client_id):
        return client_id in self.data_times

    def others(self, trader, symbol):
        """Return what each other trader holds of a coin."""
        return {t: q for (t, s), q in self.held.items() if s == symbol and t != trader and q}

    def on_fill(self, order, fill, before, after):
        """Take over an execution; check that the net grew for a reason."""
        if order is None:
            self.by_hand[fill.symbol] += fill.quantity
            self.manual.append(fill)
            return
        unseen = self._unseen(order)
        trader, grown = self.owner(order.client_id), abs(after - unseen) - abs(before - unseen)
        held = self.held[trader, fill.symbol]
        self.held[trader, fill.symbol] = held + fill.quantity
        self.orders[trader, fill.symbol].add(order.client_id)
        if order.client_id in self._stops:
            self.stops[trader, fill.symbol] = self._stops[order.client_id]
        self.filled[order.client_id] += fill.size
        if self.filled[order.client_id] > order.size:
            self.faults.append(
                ("twice", f"{order.client_id} filled {self.filled[order.client_id]}")
            )
        if grown > 0 and not self.is_entry(order.client_id):
            closes = held * fill.quantity < 0 and abs(fill.quantity) <= abs(held)
            opposite = sum(
                (abs(q) for q in self.others(trader, fill.symbol).values() if q * held < 0), ZERO
            )
            if not closes or opposite < grown:
                text = f"{trader} held {held} {fill.symbol}, an order that is no entry filled "
                self.faults.append(("growth", f"{text}{fill.quantity}: net {before} -> {after}"))

    def _unseen(self, order):
        """Return what a person has traded since the fresh report that an order relied on."""
        if order.client_id not in self.looked:
            return ZERO
        seen = self.looked[order.client_id]
        since = [f.quantity for f in self.manual if f.symbol == order.symbol and f.time > seen]
        return sum(since, ZERO)

    def on_event(self, event, sign=1):
        """Take over what was booked without an order: it moves between accounts, never the sum.

        With `sign` -1 it is taken back: a crash took the record.
        """
        body = event.body
        if isinstance(body, Offset):
            moved = body.quantities
        elif isinstance(body, Filled) and body.fill.client_id is None:
            # The execution itself was taken for a person's already.
            moved = {body.trader: body.fill.quantity, UNASSIGNED: -body.fill.quantity}
            if body.trader == UNASSIGNED:
                return
        else:
            return
        for trader, quantity in moved.items():
            if trader == UNASSIGNED:
                self.by_hand[_symbol(body)] += sign * quantity
            else:
                self.held[trader, _symbol(body)] += sign * quantity


def _symbol(body):
    return body.symbol if isinstance(body, Offset) else body.fill.symbol
