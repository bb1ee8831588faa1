"""Every order that was ever intended, and what is known of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from nof0_core.domain.event import OrderIntended
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.order_record import OrderRecord
from nof0_core.ids import ClientOrderId, CycleId, Symbol, TraderId

DECIDED = frozenset({OrderPurpose.OPEN, OrderPurpose.CLOSE})
"""Purposes of orders that carry out decisions."""


class OrderRegister:
    """Orders by client id; the open ones also by venue account, exits by position."""

    def __init__(self) -> None:
        self._records: dict[ClientOrderId, OrderRecord] = {}
        self._open: defaultdict[str, dict[ClientOrderId, OrderRecord]] = defaultdict(dict)
        self._exits: defaultdict[tuple[TraderId, Symbol], dict[ClientOrderId, OrderRecord]] = (
            defaultdict(dict)
        )
        self._unbooked: defaultdict[str, dict[ClientOrderId, OrderRecord]] = defaultdict(dict)

    def get(self, client_id: ClientOrderId) -> OrderRecord | None:
        """Return what is known of an order."""
        return self._records.get(client_id)

    def open_in(self, venue_account: str) -> tuple[OrderRecord, ...]:
        """Return the orders of a venue account without a final answer, oldest first."""
        return tuple(self._open[venue_account].values()) if venue_account in self._open else ()

    def unbooked_in(self, venue_account: str) -> tuple[OrderRecord, ...]:
        """Return orders of which more is known to be executed than booked, oldest answer first."""
        found = self._unbooked.get(venue_account)
        return tuple(found.values()) if found else ()

    def open_exits(self, trader: TraderId, symbol: Symbol) -> Collection[OrderRecord]:
        """Return a trader's stops and targets on a coin without a final answer, oldest first."""
        exits = self._exits.get((trader, symbol))
        return exits.values() if exits else ()

    def of(self, cycle: CycleId) -> tuple[OrderRecord, ...]:
        """Return the entries and closes a cycle decided on, oldest first; looks at every order."""
        return tuple(
            record
            for record in self._records.values()
            if record.cycle == cycle and record.purpose in DECIDED
        )

    def intend(self, intent: OrderIntended, *, seq: int, time: datetime) -> OrderRecord:
        """Remember an order that is about to be sent; one that is known already stays as it is."""
        known = self._records.get(intent.request.client_id)
        if known is not None:
            return known
        record = OrderRecord(
            trader=intent.trader,
            venue_account=intent.venue_account,
            cycle=intent.cycle,
            purpose=intent.purpose,
            request=intent.request,
            leverage=max(1, intent.leverage),
            confidence=intent.confidence,
            risk_usd=intent.risk_usd,
            plan=intent.plan,
            margin_mode=intent.margin_mode,
            intended_at=time,
            seq=seq,
        )
        self.put(record)
        return record

    def put(self, record: OrderRecord) -> None:
        """Take over what is known of an order now."""
        client_id = record.client_id
        self._records[client_id] = record
        unbooked = self._unbooked[record.venue_account]
        if record.outcome is not None and record.outcome.filled_size > record.filled:
            unbooked[client_id] = record
        else:
            unbooked.pop(client_id, None)
        places = [self._open[record.venue_account]]
        if record.is_exit:
            places.append(self._exits[record.trader, record.symbol])
        for place in places:
            if record.is_open:
                place[client_id] = record
            else:
                place.pop(client_id, None)
