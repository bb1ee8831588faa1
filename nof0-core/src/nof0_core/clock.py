"""The only place where time comes from.

Everything that needs the time or has to wait is given a `Clock`. Inside the engine, time is
timezone-aware UTC. The linter bans `datetime.now`, `time.time` and every `sleep` elsewhere.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

import anyio
import anyio.lowlevel


def wall_time() -> datetime:
    """Read the machine's clock, whatever clock the engine runs on (for logs and file names)."""
    return datetime.now(UTC)


def stopwatch() -> float:
    """Read a monotonic counter in seconds, for measuring how long something took."""
    return time.perf_counter()


async def pause(seconds: float) -> None:
    """Wait in real time, whatever clock the engine runs on.

    Only for work with the world outside, such as a service that asks not to be called too soon.
    """
    await anyio.sleep(seconds)


@runtime_checkable
class Clock(Protocol):
    """What the engine may know about time."""

    @property
    def is_lockstep(self) -> bool:
        """Whether time stands still while work is done and jumps to the next due moment.

        On a lockstep clock the order of events depends on the configuration alone, never on how
        fast the machine is.
        """

    def now(self) -> datetime:
        """Return the current time, UTC."""

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until `moment`; return at once if it has passed. Cancellable."""


class SystemClock:
    """The machine's clock."""

    is_lockstep = False

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until `moment`."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            await anyio.sleep(left)


class ScaledClock:
    """Time that starts at `start` and passes `speed` times as fast as the machine's clock.

    It stands still until somebody first waits, so that opening providers takes no time from it.
    """

    is_lockstep = False

    def __init__(self, *, start: datetime, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._origin: float | None = None

    def now(self) -> datetime:
        """Return the current time, UTC."""
        if self._origin is None:
            return self._start
        return self._start + timedelta(seconds=(time.monotonic() - self._origin) * self._speed)

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until `moment`; a wait of one hour takes 3600/speed seconds of real time."""
        if self._origin is None:
            self._origin = time.monotonic()
        while (left := (moment - self.now()).total_seconds()) > 0:
            await anyio.sleep(left / self._speed)


class SimulatedClock:
    """Time that jumps: whoever waits gets there at once.

    One task drives it (the manager's schedule); it must only wait when no other work is under
    way. Never goes back.
    """

    is_lockstep = True

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        """Jump to `moment`, giving other tasks one turn."""
        self._now = max(self._now, moment)
        await anyio.lowlevel.checkpoint()
