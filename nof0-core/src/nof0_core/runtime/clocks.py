"""Which clock a run is on, and who drives it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from nof0_core.clock import Clock, PacedClock, ScaledClock, SimulatedClock, SystemClock
from nof0_core.config.model import ClockConfig
from nof0_core.execution.limits import LIMITS, Limits
from nof0_core.manager.drivers import Concurrent, Driver, Lockstep


def choose(config: ClockConfig, *, full_speed: bool, resume_at: datetime | None) -> Clock:
    """Return the clock of a run.

    `full_speed` asks for a simulated clock, which needs a `Clock.Start`; without one the market is
    live and cannot be hurried. Where it is not asked for, a lockstep clock is paced. A run that
    goes on where an earlier one stopped starts at `resume_at`, the time of the newest event in its
    journal.
    """
    if config.start is None:
        return SystemClock()
    start = max(config.start, resume_at) if resume_at is not None else config.start
    if full_speed:
        return SimulatedClock(start)
    if config.speed is not None and config.is_lockstep:
        return PacedClock(start=start, speed=config.speed)
    if config.speed is not None:
        return ScaledClock(start=start, speed=config.speed)
    return SystemClock()


def driver_on(clock: Clock, *, limits: Limits = LIMITS) -> Driver:
    """Return what drives a run on a clock; it hands out all that follows from how time passes."""
    if clock.is_lockstep:
        return Lockstep(clock, limits=limits)
    return Concurrent(clock, limits=limits)


def driving(
    config: ClockConfig, *, full_speed: bool = False, limits: Limits = LIMITS
) -> Callable[[datetime | None], Driver]:
    """Return what makes the driver of a run, once it is known where an earlier one stopped.

    `full_speed` as in `choose`.
    """

    def drive(resume_at: datetime | None) -> Driver:
        clock = choose(config, full_speed=full_speed, resume_at=resume_at)
        return driver_on(clock, limits=limits)

    return drive
