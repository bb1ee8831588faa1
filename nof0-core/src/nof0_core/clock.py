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

LONGEST_SLEEP = 1.0
"""Longest single sleep, in seconds of real time: a clock that was set is noticed after it."""
MADE_UP = 1.0
"""So many seconds by which work was slower than a pace are made up; what is more is let go."""
SET_BACK = timedelta(seconds=1)
"""A clock that loses more than this in a second was set back, …"""
SET_AHEAD = timedelta(seconds=5)
"""… one that gains more was set ahead, or the machine was suspended."""


def wall_time() -> datetime:
    """Read the machine's clock, whatever clock the engine runs on (for logs and file names)."""
    return datetime.now(UTC)


def stopwatch() -> float:
    """Read a monotonic counter in seconds, for measuring how long something took."""
    return time.perf_counter()


def steady() -> float:
    """Read a counter in seconds that nobody can set, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


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


async def let_pass(clock: Clock, moment: datetime) -> None:
    """Wait until `moment` where time passes while work is done; elsewhere no time passes.

    For what takes its time in the world a provider simulates, such as an order on its way.
    """
    if not clock.is_lockstep:
        await clock.sleep_until(moment)


class TimeSource(Protocol):
    """What the machine says of time."""

    def wall(self) -> datetime:
        """Return the time of day, UTC; somebody may set it."""

    def monotonic(self) -> float:
        """Return seconds since some moment; nobody can set them."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long, whatever happens to the time of day."""


class Machine:
    """The machine's own time."""

    def wall(self) -> datetime:
        """Return the time of day, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await anyio.sleep(seconds)


class SystemClock:
    """The machine's clock, which somebody may set while it is in use.

    Nobody sleeps longer than `LONGEST_SLEEP` without looking at it again.
    """

    is_lockstep = False

    def __init__(self, source: TimeSource | None = None) -> None:
        self._source = source or Machine()

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return self._source.wall()

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until `moment`."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            await self._source.sleep(min(left, LONGEST_SLEEP))

    async def jump(self) -> timedelta:
        """Wait until the clock is set, or the machine has slept; return by how much it is off.

        That is how much more (back: less) time has passed on it than on the machine's monotonic
        counter, beyond what a clock that is being adjusted slowly may differ in a second.
        """
        before = self._offset()
        while True:
            await self._source.sleep(LONGEST_SLEEP)
            offset = self._offset()
            by = offset - before
            if by < -SET_BACK or by > SET_AHEAD:
                return by
            before = offset

    def _offset(self) -> datetime:
        return self._source.wall() - timedelta(seconds=self._source.monotonic())


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
            await anyio.sleep(min(left / self._speed, LONGEST_SLEEP))


class SimulatedClock:
    """Time that jumps: whoever waits gets there at once.

    One task drives it (the manager's schedule); it must only wait when no other work is under
    way. Never goes back. Other tasks have a turn at every `turn_every`th wait.
    """

    is_lockstep = True

    def __init__(self, start: datetime, *, turn_every: int = 1) -> None:
        self._now = start
        self._turn_every = turn_every
        self._waits = 0

    def now(self) -> datetime:
        """Return the current time, UTC."""
        return self._now

    async def sleep_until(self, moment: datetime) -> None:
        """Jump to `moment`, giving other tasks a turn where it is theirs."""
        self._now = max(self._now, moment)
        self._waits += 1
        if self._waits % self._turn_every == 0:
            await anyio.lowlevel.checkpoint()


class PacedClock(SimulatedClock):
    """Time that jumps, but not before somebody who watches could have seen it pass.

    It stands still while work is done, so what happens is what happens on a `SimulatedClock`; only
    when is up to the machine: `speed` seconds pass in a real second, or fewer where work takes
    longer. The first moment is waited for as if the clock had begun to run with it.
    """

    def __init__(self, *, start: datetime, speed: float, source: TimeSource | None = None) -> None:
        super().__init__(start)
        self._speed = speed
        self._source = source or Machine()
        self._shown: float | None = None
        """When (monotonic) its present time was to be seen."""

    async def sleep_until(self, moment: datetime) -> None:
        """Wait as long as somebody is to see time stand still, then jump to `moment`.

        Cancelled while it waits, it has not moved.
        """
        begun = self._source.monotonic()
        shown = begun if self._shown is None else self._shown
        due = shown + max(0.0, (moment - self.now()).total_seconds()) / self._speed
        due = max(due, begun - MADE_UP)
        while (left := due - self._source.monotonic()) > 0:
            await self._source.sleep(min(left, LONGEST_SLEEP))
        self._shown = due
        await super().sleep_until(moment)
