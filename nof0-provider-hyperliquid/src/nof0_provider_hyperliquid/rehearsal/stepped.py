"""A clock that somebody moves by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

import anyio
from anyio.lowlevel import checkpoint


class SteppedClock:
    """Time stands still until `move`; who sleeps wakes up at the moment asked for."""

    is_lockstep = False

    def __init__(self, start: datetime) -> None:
        """Begin at `start`, which has a time zone."""
        self._now = start
        self._sleeping: list[tuple[datetime, int, anyio.Event]] = []
        self._numbers = count()

    def now(self) -> datetime:
        """Return the present moment."""
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until the clock has been moved there."""
        if moment <= self._now:
            await checkpoint()
            return
        woken = anyio.Event()
        heappush(self._sleeping, (moment, next(self._numbers), woken))
        await woken.wait()

    def move(self, step: timedelta) -> None:
        """Let time pass and wake who waited for it; they run when the caller waits."""
        self._now += step
        while self._sleeping and self._sleeping[0][0] <= self._now:
            heappop(self._sleeping)[2].set()
