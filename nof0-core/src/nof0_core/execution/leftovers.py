"""Exits that wait at the venue and should not any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nof0_core.execution.exits import Exits
from nof0_core.execution.gateway import Gateway
from nof0_core.execution.lane import Urgency
from nof0_core.execution.orders import OrderManager
from nof0_core.execution.spacing import Spacing
from nof0_core.ids import ClientOrderId
from nof0_core.ledger import Position
from nof0_core.state.recorder import Recorder

LONGEST = 60
"""Real seconds, or syncs, from one cancel of an order to the next at most."""


class Leftovers:
    """Cancels them on one venue account; what is not cancelled is tried again, ever more seldom.

    Such an order protects nothing, and each cancel takes a part of what the venue allows.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        exits: Exits,
        recorder: Recorder,
        orders: OrderManager,
        tries_by_round: bool,
    ) -> None:
        self._venue_account = gateway.venue_account
        self._gateway = gateway
        self._exits = exits
        self._recorder = recorder
        self._orders = orders
        self._tries: Spacing[ClientOrderId] = Spacing(by_round=tries_by_round, longest=LONGEST)
        self._tidy: tuple[Position, ...] = ()

    def begin_round(self) -> None:
        """Let a sync begin; orders that are over are forgotten."""
        self._tries.begin_round()
        orders = self._recorder.state.open_orders(self._venue_account)
        self._tries.forget_all_but({record.client_id for record in orders})

    def is_tidy(self, positions: tuple[Position, ...]) -> bool:
        """Tell whether a look found no exit but of these positions; they are other ones since."""
        return positions is self._tidy

    async def cancel(self, unwanted: Callable[[], Sequence[ClientOrderId]]) -> None:
        """Cancel exits; `unwanted` says which, now and again once the lane is free."""
        due = self._tries.take(unwanted())
        if not due:
            return
        async with self._gateway.protective.turn(Urgency.CANCEL):
            # Much may have changed while the lane was waited for.
            still = unwanted()
            await self._orders.cancel([client_id for client_id in due if client_id in still])

    async def cancel_orphans(self) -> None:
        """Cancel the exits of positions that are gone."""
        positions = self._exits.positions
        if positions and self.is_tidy(positions):
            return
        if self._orphans():
            await self.cancel(self._orphans)
        else:
            # There are none until something of an order is new: positions are other objects then.
            self._tidy = positions

    def _orphans(self) -> list[ClientOrderId]:
        orders = self._recorder.state.open_orders(self._venue_account)
        waiting = [record for record in orders if record.request.trigger is not None]
        if not waiting:
            return []
        held = {(p.trader, p.symbol): p.opened_seq for p in self._exits.positions}
        return [
            record.client_id
            for record in waiting
            if record.seq <= held.get((record.trader, record.symbol), record.seq)
        ]
