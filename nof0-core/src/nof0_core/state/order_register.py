"""Orders from their intent on, and what is known of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec

from nof0_core.domain.body import Body
from nof0_core.domain.event import Event, OrderAnswered, OrderIntended
from nof0_core.domain.evolving import evolved
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.order_record import EXITS, OrderRecord
from nof0_core.ids import ClientOrderId, CycleId, Symbol, TraderId
from nof0_core.state.amounts import require_amount
from nof0_core.state.changes import Change, unchanged
from nof0_core.state.projection import Handler

DECIDED = frozenset({OrderPurpose.OPEN, OrderPurpose.CLOSE})
"""Purposes of orders that carry out decisions."""
REMEMBERED = timedelta(days=7)
"""How long an order is known after it was over and booked. A venue lists executions late by a day
at most; by then nobody asks for it any more."""

_Orders = dict[ClientOrderId, OrderRecord]


class _Dump(msgspec.Struct):
    """`unbooked` and `open` are ids in the order in which they are told."""

    records: list[OrderRecord]
    open: list[ClientOrderId]
    exits: list[ClientOrderId]
    unbooked: list[ClientOrderId]
    over: dict[ClientOrderId, datetime]
    counts: dict[TraderId, int]


class OrderRegister:
    """Orders by client id; the open ones also by venue account, exits by position.

    One that is over and booked leaves `REMEMBERED` later. How many there were of a trader stays.
    """

    name: ClassVar[str] = "orders"
    version: ClassVar[int] = 2

    def __init__(self) -> None:
        self._records: _Orders = {}
        # Those below hold the same records: `put` alone changes one, everywhere at once.
        self._open: defaultdict[str, _Orders] = defaultdict(dict)
        self._exits: defaultdict[tuple[TraderId, Symbol], _Orders] = defaultdict(dict)
        self._unbooked: defaultdict[str, _Orders] = defaultdict(dict)
        self._over: dict[ClientOrderId, datetime] = {}
        self._counts: dict[TraderId, int] = {}

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event; what was filled the ledger says by `put`."""
        return {OrderIntended: self._order_intended, OrderAnswered: self._order_answered}

    def get(self, client_id: ClientOrderId) -> OrderRecord | None:
        """Return what is known of an order."""
        return self._records.get(client_id)

    def count_of(self, trader: TraderId) -> int:
        """Return how many orders of a trader were intended so far, forgotten ones included."""
        return self._counts.get(trader, 0)

    def open_in(self, venue_account: str) -> tuple[OrderRecord, ...]:
        """Return the orders of a venue account without a final answer, oldest first."""
        found = self._open.get(venue_account)
        return tuple(found.values()) if found else ()

    def unbooked_in(self, venue_account: str) -> tuple[OrderRecord, ...]:
        """Return orders of which more is known to be executed than booked, oldest answer first."""
        found = self._unbooked.get(venue_account)
        return tuple(found.values()) if found else ()

    def open_exits(self, trader: TraderId, symbol: Symbol) -> tuple[OrderRecord, ...]:
        """Return a trader's stops and targets on a coin without a final answer, oldest first."""
        found = self._exits.get((trader, symbol))
        return tuple(found.values()) if found else ()

    def of(self, cycle: CycleId) -> tuple[OrderRecord, ...]:
        """Return the entries and closes a cycle decided on, oldest first; looks at every order."""
        return tuple(
            record
            for record in self._records.values()
            if record.cycle == cycle and record.purpose in DECIDED
        )

    def put(self, record: OrderRecord, time: datetime) -> None:
        """Take over what is known of an order at a time (UTC)."""
        client_id, outcome, is_open = record.request.client_id, record.outcome, record.is_open
        self._records[client_id] = record
        is_unbooked = outcome is not None and outcome.filled_size > record.filled
        _file(self._unbooked[record.venue_account], record, is_in=is_unbooked)
        _file(self._open[record.venue_account], record, is_in=is_open)
        if record.purpose in EXITS:
            key = record.trader, record.request.symbol
            _file(self._exits[key], record, is_in=is_open)
            if not self._exits[key]:
                del self._exits[key]
        self._over.pop(client_id, None)
        if not is_open and not is_unbooked:
            self._over[client_id] = time
        if self._over:
            self._forget(time)

    def dump(self) -> bytes:
        """Return all orders that are known."""
        return msgspec.json.encode(
            _Dump(
                records=list(self._records.values()),
                open=[each for ids in self._open.values() for each in ids],
                exits=[each for ids in self._exits.values() for each in ids],
                unbooked=[each for ids in self._unbooked.values() for each in ids],
                over=self._over,
                counts=self._counts,
            )
        )

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        found = msgspec.json.decode(data, type=_Dump)
        records = self._records = {record.client_id: record for record in found.records}
        for each in found.open:
            self._open[records[each].venue_account][each] = records[each]
        for each in found.exits:
            self._exits[records[each].trader, records[each].symbol][each] = records[each]
        for each in found.unbooked:
            self._unbooked[records[each].venue_account][each] = records[each]
        self._over = found.over
        self._counts = found.counts

    def _order_intended(self, event: Event, body: OrderIntended) -> Change:
        request = body.request
        require_amount(event, request.size, request.limit_price, body.risk_usd)
        if request.client_id in self._records:
            return unchanged
        record = OrderRecord(
            trader=body.trader,
            venue_account=body.venue_account,
            cycle=body.cycle,
            purpose=body.purpose,
            request=request,
            leverage=max(1, body.leverage),
            confidence=body.confidence,
            risk_usd=body.risk_usd,
            plan=body.plan,
            margin_mode=body.margin_mode,
            intended_at=event.time,
            seq=event.seq,
        )

        def change() -> None:
            self._counts[body.trader] = self.count_of(body.trader) + 1
            self.put(record, event.time)

        return change

    def _order_answered(self, event: Event, body: OrderAnswered) -> Change:
        known = self._records.get(body.outcome.client_id)
        if known is None:
            return unchanged
        require_amount(event, body.outcome.filled_size, body.outcome.average_price or Decimal(0))
        record = evolved(known, outcome=body.outcome)
        return lambda: self.put(record, event.time)

    def _forget(self, now: datetime) -> None:
        """Let go of what was over long before a time (UTC), the longest over first."""
        while self._over:
            client_id, time = next(iter(self._over.items()))
            if now - time <= REMEMBERED:
                return
            del self._over[client_id], self._records[client_id]


def _file(orders: _Orders, record: OrderRecord, *, is_in: bool) -> None:
    """Put an order among others, or take it away; one that is there keeps its place."""
    if is_in:
        orders[record.request.client_id] = record
    else:
        orders.pop(record.request.client_id, None)
