"""Time that stands still while work is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import anyio

from nof0_core.clock import Clock, pause
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.errors import TransientError
from nof0_core.execution.limits import LIMITS, Limits
from nof0_core.manager.drivers.driver import Duties
from nof0_core.manager.drivers.waiting import Waiting
from nof0_core.manager.watchdog import watch_calls
from nof0_core.state.durability import Durability
from nof0_core.tempo import STANDING

CANCELLED_END = 45.0
"""How long a cancelled run may still send and protect, in seconds of real time."""


class Lockstep:
    """Does everything that is due at a moment in a fixed order before time moves on.

    No limit of a call becomes an outcome: one that hangs ends the run, by a watchdog. What a moment
    has recorded is written in one piece. Whether a person asks for something is looked at every
    `beat` seconds of real time, also while no time is to pass.
    """

    kind = ClockKind.SIMULATED
    tempo = STANDING
    durability = Durability.BUFFER

    def __init__(self, clock: Clock, *, limits: Limits = LIMITS, beat: float = 1.0) -> None:
        self.clock = clock
        self.limits = limits.without_an_end()
        self.beat = beat
        self.waiting = Waiting(clock)

    async def catch_up(self, duties: Duties, venue_accounts: Sequence[str]) -> None:
        """Sync venue accounts, one after the other."""
        async with self._watched(duties):
            for venue_account in venue_accounts:
                await duties.sync(venue_account)
        duties.recorder.commit()

    async def drive(self, duties: Duties, after_moment: Callable[[datetime], None]) -> str:
        """Do what is due, by rank, moment after moment; see `Driver`."""
        async with self._watched(duties), anyio.create_task_group() as beside:
            beside.start_soon(self._heed, duties)
            try:
                while await self.waiting.next(duties):
                    now = self.clock.now()
                    self._arrive(now)
                    for timer in list(duties.schedule.due(now)):
                        scheduled = timer.scheduled
                        duties.advance(timer, now)
                        await duties.do(timer, scheduled)
                    # Nothing outside sees a simulation between its moments: one write for each.
                    duties.recorder.commit()
                    after_moment(now)
                    self._leave(now)
            finally:
                beside.cancel_scope.cancel()
        return duties.stop_reason

    async def finish(self, duties: Duties) -> None:
        """Look at all venue accounts a last time."""
        await self.catch_up(duties, duties.accounts)

    def wake(self) -> None:
        """Let whoever waits find out anew what is due."""
        self.waiting.wake()

    def hasten(self, duties: Duties, venue_account: str) -> None:
        """Let a venue account be looked at soon."""
        self.waiting.hasten(duties, venue_account)

    def _arrive(self, now: datetime) -> None:
        """Do what is due before anything else of a moment: nothing."""

    def _leave(self, now: datetime) -> None:
        """Do what is due after everything else of a moment: nothing."""

    async def _heed(self, duties: Duties) -> None:
        """Look at once where a person asks for something, however long no time is to pass."""
        while True:
            await pause(self.beat)
            for venue_account in duties.accounts if duties.has_news() else ():
                self.hasten(duties, venue_account)

    @asynccontextmanager
    async def _watched(self, duties: Duties) -> AsyncIterator[None]:
        """End what is done inside with an error when a call hangs."""
        is_over = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, duties, is_over)
            try:
                yield
            finally:
                is_over.set()
                tasks.cancel_scope.cancel()

    async def _watch(self, duties: Duties, is_over: anyio.Event) -> None:
        """Look after calls; whoever ends the run waits for none, not for an order either."""
        within = CANCELLED_END
        try:
            await watch_calls(duties.calls)
        except TransientError:
            within = 0.0
            raise
        finally:
            with anyio.move_on_after(within, shield=True):
                await is_over.wait()
            if not is_over.is_set():
                duties.give_up()
