"""Which clock a run is on."""

from __future__ import annotations

from datetime import datetime

from nof0_core.clock import Clock, PacedClock, ScaledClock, SimulatedClock, SystemClock
from nof0_core.config.model import ClockConfig
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.journal.proof import IN_REAL_TIME
from nof0_core.state.durability import Durability

_KINDS: dict[type, ClockKind] = {
    SystemClock: ClockKind.SYSTEM,
    ScaledClock: ClockKind.SCALED,
    SimulatedClock: ClockKind.SIMULATED,
    PacedClock: ClockKind.SIMULATED,
}


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


def kind(clock: Clock) -> ClockKind:
    """Return the word the journal has for a clock."""
    return _KINDS[type(clock)]


def durability(clock: Clock) -> Durability:
    """Return how safe a record of a run on a clock has to be before anything leaves.

    A start trusts what is written of a run in real time as far as that says (`journal.proof`).
    """
    return Durability.DISK if kind(clock) in IN_REAL_TIME else Durability.BUFFER
