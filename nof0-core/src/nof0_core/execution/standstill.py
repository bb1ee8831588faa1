"""Whether anything is to be done on a venue account while nothing happens, and until when."""

from __future__ import annotations

from datetime import datetime

from nof0_core.execution.gateway import Gateway
from nof0_core.execution.guard import Guard
from nof0_core.execution.orders import OrderManager
from nof0_core.ids import is_shared
from nof0_core.state.engine_state import EngineState


class Standstill:
    """Looks at all that works on one venue account; `exits` are those that nothing happens to."""

    def __init__(
        self, gateway: Gateway, state: EngineState, orders: OrderManager, guard: Guard
    ) -> None:
        self.exits = guard.exits
        self._gateway = gateway
        self._state = state
        self._orders = orders
        self._guard = guard

    @property
    def tells_events(self) -> bool:
        """Tell whether the venue says beforehand when something may happen."""
        return self._gateway.tells_events

    def next_event(self, after: datetime, until: datetime) -> datetime | None:
        """Return when in (after, until] something may happen at the venue by itself, else None.

        An account that has not been recorded for an hour is recorded again.
        """
        moments = (self._gateway.next_event(after, until), self._guard.next_record())
        first = min((moment for moment in moments if moment is not None), default=None)
        return first if first is not None and first <= until else None

    def is_settled(self) -> bool:
        """Tell whether further syncs find just what the last did, while nothing happens.

        That is while `next_event` names no moment, marks bring nobody near to the end of its
        margin, prices come to no level of `exits`, and none of these is to be sent again.
        """
        state, venue_account = self._state, self._gateway.venue_account
        return (
            self._guard.is_settled()
            and not self._orders.travelling
            and not state.unbooked(venue_account)
            and not any(order.is_unknown for order in state.open_orders(venue_account))
            and not any(is_shared(p.trader) for p in state.positions(venue_account))
        )
