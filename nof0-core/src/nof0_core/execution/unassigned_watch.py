"""Telling, again and again, of coins that belong to nobody and that nothing protects."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from nof0_core.domain.order import OrderStatus, TriggerKind
from nof0_core.domain.outcome import VenueOrder
from nof0_core.ids import UNASSIGNED, Symbol
from nof0_core.ledger import Position
from nof0_core.money import ZERO, exactly, plain
from nof0_core.state.recorder import Recorder

EVERY = timedelta(hours=1)
"""How far apart (engine time) the alerts of a coin are at least."""


class UnassignedWatch:
    """Looks at what the unassigned account of one venue account holds; it trades none of it.

    A coin is told of at once when it is seen, and every hour for as long as it is held without a
    stop. A new run tells it again, once.
    """

    def __init__(self, *, venue_account: str, recorder: Recorder) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._told: dict[Symbol, datetime] = {}

    @exactly
    def look(self, orders: Collection[VenueOrder]) -> None:
        """Compare what is held with the orders that the venue lists now, whosever they are."""
        held = [
            position
            for position in self._recorder.state.positions(self._venue_account)
            if position.trader == UNASSIGNED
        ]
        if not held:
            self._told.clear()
            return
        coins = {position.symbol for position in held}
        now = self._recorder.clock.now()
        # What is from later than now was told before the clock was set back.
        self._told = {s: at for s, at in self._told.items() if s in coins and at <= now}
        for position in held:
            told = self._told.get(position.symbol)
            is_due = told is None or now - told >= EVERY
            if is_due and not any(_covers(order, position) for order in orders):
                self._told[position.symbol] = now
                self._recorder.alert(
                    "unassigned_unprotected",
                    f"{self._venue_account}: {UNASSIGNED} holds {plain(position.quantity)} "
                    f"{position.symbol} and no stop at the venue covers it; the engine never "
                    "trades it",
                    symbol=position.symbol,
                )


def _covers(order: VenueOrder, position: Position) -> bool:
    """Tell whether an order is a waiting stop that closes all of a position."""
    left: Decimal = order.size - order.filled_size
    return (
        order.symbol == position.symbol
        and order.status is OrderStatus.RESTING
        and order.trigger is not None
        and order.trigger.kind is TriggerKind.STOP
        and order.is_reduce_only
        and order.side.sign * position.quantity < ZERO
        and left >= abs(position.quantity)
    )
