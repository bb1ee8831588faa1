"""The engine's clock in the simulated world: it may be set forth and back."""

from __future__ import annotations

from datetime import datetime, timedelta

from world.loop import nap, now

NAP = 1.0
"""The longest sleep in seconds: after it the clock is read again, it may have been set."""


class WorldClock:
    """A machine's clock: `start`, plus the virtual time of the loop, plus what it was set by."""

    is_lockstep = False

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.offset = timedelta()

    def true(self) -> datetime:
        """Return the time of everybody else, UTC, which nobody sets."""
        return self.start + timedelta(seconds=now())

    def now(self) -> datetime:
        """Return what the clock shows, UTC."""
        return self.true() + self.offset

    def step(self, by: timedelta) -> None:
        """Set the clock forth or back."""
        self.offset += by

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until the clock shows `moment`, however it is set meanwhile."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            await nap(min(left, NAP))
