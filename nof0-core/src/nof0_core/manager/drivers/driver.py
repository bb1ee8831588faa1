"""What a driver is, and what it knows of the duties it gets done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from nof0_core.clock import Clock
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.execution.limits import Limits
from nof0_core.manager.hints import HintListener
from nof0_core.manager.measurements import DutyTroubles
from nof0_core.manager.schedule import Schedule, Timer
from nof0_core.manager.watchdog import CallOwner
from nof0_core.state.durability import Durability
from nof0_core.state.recorder import Recorder
from nof0_core.tempo import Tempo


class Duties(Protocol):
    """What is to be done in a run; what doing it means is no driver's business.

    No duty raises anything but what ends the run: what goes wrong in one is told.
    """

    schedule: Schedule
    """All timers; each belongs to one duty."""
    recorder: Recorder
    troubles: DutyTroubles
    ends_at: datetime | None
    """Where the recorded market ends; None: nowhere."""
    listeners: Sequence[HintListener]
    """Where hints come from, each a stream to listen to."""
    calls: Sequence[CallOwner]
    """Whoever asks providers, and knows whether one hangs."""
    stop_reason: str
    """Why the run is to end; empty while it is not."""

    @property
    def accounts(self) -> Sequence[str]:
        """Names of the venue accounts; for one that is not open yet nothing is done."""

    def stop(self, reason: str) -> None:
        """Ask the run to end; the first reason given stays."""

    def give_up(self) -> None:
        """Break off every call to a venue that has no limit of its own, and make no more."""

    def has_news(self) -> bool:
        """Tell whether a person has asked for something that nobody has looked at yet."""

    def advance(self, timer: Timer, now: datetime) -> None:
        """Let a timer be due the next time after `now`."""

    def plan_anew(self) -> None:
        """Plan everything from now on, whatever was planned: the clock was set."""

    async def do(self, timer: Timer, scheduled: datetime) -> None:
        """Do what a timer stands for, which was scheduled for a moment of its grid."""

    async def sync(self, venue_account: str) -> None:
        """Look at a venue account with new prices."""

    async def look(self, venue_account: str) -> None:
        """Fetch prices only."""

    async def listen(self, venue_account: str) -> None:
        """Do what people ask for."""

    async def guard(self, venue_account: str) -> None:
        """Protect what is held on what is known."""


class Driver(Protocol):
    """Owns the time of one run: its clock, what follows from it, and when duties are done.

    What is put together asks it for all of that, and nobody asks the clock what kind it is.
    """

    clock: Clock
    kind: ClockKind
    """What the journal calls it."""
    tempo: Tempo
    limits: Limits
    """How long calls may take; infinite where no limit may become an outcome."""
    durability: Durability
    """How safe a record has to be before what depends on it leaves."""

    async def catch_up(self, duties: Duties, venue_accounts: Sequence[str]) -> None:
        """Sync venue accounts before anything is decided."""

    async def drive(self, duties: Duties, after_moment: Callable[[datetime], None]) -> str:
        """Do what is due when it is, until the duties are stopped; return the reason.

        `after_moment` is called with the time after each moment's duties were done or started.

        Raises:
            ReplayMissError: in an exception group, once the cycle it belongs to is recorded.
            TransientError: likewise, where a hanging call ends the run and one hangs.
        """

    async def finish(self, duties: Duties) -> None:
        """Look at all venue accounts a last time."""

    def wake(self) -> None:
        """Let whoever waits find out anew what is due."""

    def hasten(self, duties: Duties, venue_account: str) -> None:
        """Let a venue account be looked at soon: at once, but not oftener than each second."""
