"""Waiting for what is due next."""

from __future__ import annotations

from datetime import datetime, timedelta

import anyio

from nof0_core.clock import Clock
from nof0_core.manager.drivers.driver import Duties
from nof0_core.manager.schedule import Rank

HINTS_APART = timedelta(seconds=1)
"""However many hints come, a venue account is looked at no oftener because of them."""


class Waiting:
    """Waits on a clock for the next timer, and can be woken."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scope: anyio.CancelScope | None = None
        self._hastened: dict[str, datetime] = {}

    @property
    def is_waiting(self) -> bool:
        """Tell whether somebody waits now."""
        return self._scope is not None

    async def next(self, duties: Duties) -> bool:
        """Wait until something is due; return False when the run is to end instead."""
        due = duties.schedule.next_due
        if duties.ends_at is not None and due > duties.ends_at:
            duties.stop("the recorded market ends here")
        if not duties.stop_reason:
            with anyio.CancelScope() as self._scope:
                await self._clock.sleep_until(due)
            self._scope = None
        return not duties.stop_reason

    def wake(self) -> None:
        """Let whoever waits find out anew what is due."""
        if self._scope is not None:
            self._scope.cancel()

    def hasten(self, duties: Duties, venue_account: str) -> None:
        """Look at a venue account soon: at once, but not twice in a second."""
        now, last = self._clock.now(), self._hastened.get(venue_account)
        if last is not None and last > now:
            return
        moment = now if last is None else max(now, last + HINTS_APART)
        self._hastened[venue_account] = moment
        duties.schedule.hasten(Rank.SYNC, venue_account, moment)
        self.wake()

    def forget(self) -> None:
        """Forget what was hastened: the clock was set."""
        self._hastened.clear()
