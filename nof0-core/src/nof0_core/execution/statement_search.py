"""How far back a statement is searched for what was answered and is not on it."""

from __future__ import annotations

from datetime import timedelta

from nof0_core.ids import ClientOrderId
from nof0_core.state.engine_state import EngineState

FIRST = timedelta(days=1)
FARTHEST = timedelta(days=256)


class StatementSearch:
    """Looks twice as far back each time an order that was executed is still not on the statement.

    A venue lists executions by its own time. Where our clock is ahead of it, or was when the
    account began, what is ours may be older than anything we would ask for. An order that is not
    found at all is searched for once in a run.
    """

    def __init__(self, *, venue_account: str, state: EngineState) -> None:
        self._venue_account = venue_account
        self._state = state
        self._given_up: set[ClientOrderId] = set()
        self.back = timedelta(0)
        """How far before now the next reading has to begin; 0 where nothing is missing."""

    def note(self) -> None:
        """Take over what is still missing after a reading."""
        unbooked = {order.client_id for order in self._state.unbooked(self._venue_account)}
        if not unbooked - self._given_up:
            self.back = timedelta(0)
        elif self.back < FARTHEST:
            self.back = max(FIRST, self.back * 2)
        else:
            self._given_up |= unbooked
            self.back = timedelta(0)
