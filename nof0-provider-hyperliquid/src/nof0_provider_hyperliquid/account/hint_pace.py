"""How often hints may make somebody look at an account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import anyio

from nof0_core.clock import Clock
from nof0_provider_hyperliquid.transport.windows import Priority, Window

CLOSEST = timedelta(seconds=1)
"""How far apart hints are while the budget is untouched, …"""
FARTHEST = timedelta(seconds=10)
"""… and when nearly all of it is used."""


class HintPace:
    """Passes one hint on for many: the first at once, the next once a pause is over.

    An order brings five messages within a second, and a look costs about a 25th of what may be
    asked in a minute. The less of that is left, the longer the pause, so that looks set off by
    hints never use up what protection needs. One of what nobody expected, such as a stop that is
    gone, waits for `CLOSEST` only. The last hint is always passed on: nothing that happened stays
    unseen.
    """

    def __init__(self, weight: Window, *, clock: Clock, tell: Callable[[], None]) -> None:
        """Prepare.

        Args:
            weight: of the network.
            clock: engine time.
            tell: passes one hint on.
        """
        self._weight = weight
        self._clock = clock
        self._tell = tell
        self._came = anyio.Event()
        self._told_at: datetime | None = None
        self._is_expected = True

    def hint(self, *, is_expected: bool) -> None:
        """Hear that something may have happened, and whether it was to be expected."""
        self._is_expected &= is_expected
        self._came.set()

    async def run(self) -> None:
        """Pass hints on until cancelled."""
        while True:
            await self._came.wait()
            while (wait := self._wait()) > timedelta(0):
                # In steps: there may be more room, or less, and clocks are set.
                await self._clock.sleep_until(self._clock.now() + min(wait, CLOSEST))
            self._came = anyio.Event()
            self._is_expected = True
            self._told_at = self._clock.now()
            self._tell()

    def _wait(self) -> timedelta:
        if self._told_at is None:
            return timedelta(0)
        passed = self._clock.now() - self._told_at
        pause = self.pause() if self._is_expected else CLOSEST
        return timedelta(0) if passed < timedelta(0) else pause - passed

    def pause(self) -> timedelta:
        """Return how far apart expected ones are: by the square of the part of the budget left.

        Half of it left makes four times the pause.
        """
        left = self._weight.room(Priority.STATE) / self._weight.most(Priority.STATE)
        return min(FARTHEST, CLOSEST / left**2) if left > 0 else FARTHEST
