"""Time that runs by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import anyio
import attrs
from anyio.abc import TaskGroup

from nof0_core.clock import Clock, ScaledClock, SystemClock, pause, stopwatch
from nof0_core.domain.measured import Trouble
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.execution.limits import LIMITS, Limits
from nof0_core.manager.drivers.driver import Duties
from nof0_core.manager.drivers.waiting import Waiting
from nof0_core.manager.schedule import Rank, Timer
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.durability import Durability
from nof0_core.tempo import PASSING

OVERLAPPING = 5
"""How many looks of one kind at a venue account may be under way."""
TASKS_END = 5.0
"""How long duties that are under way at the end may go on, in seconds of real time."""


class Concurrent:
    """Does each duty in a task of its own, so that none waits for another.

    Neither a slow model nor a venue that hangs delays stops and what people ask for, which are
    looked after every `beat` seconds of real time. A duty that is still busy when it is due again
    twice is told, if that took longer than `patience` (seconds of real time). A clock that is set
    is told too, and everything planned anew.
    """

    durability = Durability.DISK

    def __init__(
        self,
        clock: Clock,
        *,
        limits: Limits = LIMITS,
        beat: float = 1.0,
        patience: float = 3.0,
    ) -> None:
        is_scaled = isinstance(clock, ScaledClock)
        self.clock = clock
        self.kind = ClockKind.SCALED if is_scaled else ClockKind.SYSTEM
        self.tempo = attrs.evolve(PASSING, may_be_set=not is_scaled)
        self.limits = limits
        self.beat = beat
        self.patience = patience
        self.waiting = Waiting(clock)
        self._busy: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()
        self._stuck: AlertOnce[str]

    async def catch_up(self, duties: Duties, venue_accounts: Sequence[str]) -> None:
        """Sync venue accounts, one after the other."""
        for venue_account in venue_accounts:
            await duties.sync(venue_account)
        duties.recorder.commit()

    async def drive(self, duties: Duties, after_moment: Callable[[datetime], None]) -> str:
        """Begin what is due, each as a task; see `Driver`."""
        recorder = duties.recorder
        self._stuck = AlertOnce(recorder, "duty_busy")
        async with self._beside(duties), anyio.create_task_group() as tasks:
            while await self.waiting.next(duties):
                now = self.clock.now()
                for timer in list(duties.schedule.due(now)):
                    scheduled, is_hastened = timer.scheduled, timer.is_hastened
                    duties.advance(timer, now)
                    self._start(duties, tasks, timer, scheduled, is_regular=not is_hastened)
                after_moment(now)
            tasks.cancel_scope.deadline = anyio.current_time() + TASKS_END
        return duties.stop_reason

    async def finish(self, duties: Duties) -> None:
        """Look at all venue accounts a last time, but not for long.

        What is known is protected meanwhile, whatever hangs.
        """
        with anyio.move_on_after(self.limits.close):
            async with anyio.create_task_group() as beside:
                for venue_account in duties.accounts:
                    beside.start_soon(self._repeat, duties, "guard", venue_account, duties.guard)
                async with anyio.create_task_group() as tasks:
                    for venue_account in duties.accounts:
                        tasks.start_soon(duties.sync, venue_account)
                beside.cancel_scope.cancel()
        duties.recorder.commit()

    def wake(self) -> None:
        """Let whoever waits find out anew what is due."""
        self.waiting.wake()

    def hasten(self, duties: Duties, venue_account: str) -> None:
        """Let a venue account be looked at soon."""
        self.waiting.hasten(duties, venue_account)

    # --- duties that are due ----------------------------------------------------------------------

    def _start(
        self,
        duties: Duties,
        tasks: TaskGroup,
        timer: Timer,
        scheduled: datetime,
        *,
        is_regular: bool,
    ) -> None:
        key = f"{timer.rank}:{timer.name}"
        if key not in self._busy:
            self._busy[key] = stopwatch()
            work = partial(duties.do, timer, scheduled)
            tasks.start_soon(self._as_task, duties, key, work)
            return
        duties.recorder.log.info("still busy, left out", duty=timer.rank.name, name=timer.name)
        if is_regular:
            self._left_out[key] += 1
            duties.troubles.count(timer.rank.word, Trouble.LEFT_OUT)
        if self._left_out[key] > 1 and stopwatch() - self._busy[key] >= self.patience:
            label = f"{timer.rank.word} of {timer.name}" if timer.name else timer.rank.word
            if key not in self._stuck.raised:
                duties.troubles.count(timer.rank.word, Trouble.HANGING)
            self._stuck.alert(key, f"{label} still goes on though it was due again twice")
        if timer.rank is Rank.SYNC and (quotes := f"quotes:{timer.name}") not in self._busy:
            # What protects meanwhile has to know prices.
            self._busy[quotes] = stopwatch()
            tasks.start_soon(self._as_task, duties, quotes, partial(duties.look, timer.name))

    async def _as_task(self, duties: Duties, key: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            # Also where it was cancelled: what it did has to be on disk.
            with anyio.CancelScope(shield=True):
                await duties.recorder.secure()
            del self._busy[key]
            self._left_out.pop(key, None)
            self._stuck.clear(key)

    # --- beside the schedule ----------------------------------------------------------------------

    @asynccontextmanager
    async def _beside(self, duties: Duties) -> AsyncIterator[None]:
        """Do what no schedule and no other duty may delay."""
        async with anyio.create_task_group() as tasks:
            for listener in duties.listeners:
                tasks.start_soon(listener.run)
            for account in duties.accounts:
                tasks.start_soon(self._repeat, duties, "controls", account, duties.listen)
                tasks.start_soon(self._repeat, duties, "guard", account, duties.guard)
            if isinstance(self.clock, SystemClock):
                tasks.start_soon(self._watch_clock, duties, self.clock)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def _repeat(
        self, duties: Duties, duty: str, account: str, work: Callable[[str], Awaitable[None]]
    ) -> None:
        """Do a duty again and again, a beat apart, also while what it did before takes its time."""
        room = anyio.CapacityLimiter(OVERLAPPING)

        async def do() -> None:
            if not room.available_tokens:
                duties.troubles.count(duty, Trouble.LEFT_OUT)
                return
            known = duties.recorder.last_seq
            try:
                async with room:
                    await work(account)
            finally:
                if duties.recorder.last_seq != known:
                    with anyio.CancelScope(shield=True):
                        await duties.recorder.secure()

        async with anyio.create_task_group() as tasks:
            while True:
                await pause(self.beat)
                tasks.start_soon(do)

    async def _watch_clock(self, duties: Duties, clock: SystemClock) -> None:
        """Plan anew whenever somebody sets the machine's clock."""
        while True:
            by = await clock.jump()
            way = "back" if by < timedelta(0) else "ahead"
            duties.recorder.alert(
                "clock_jumped",
                f"the machine's clock was set {way} by {abs(by)}, or it was suspended; all that is "
                "due is planned anew",
            )
            self.waiting.forget()
            duties.plan_anew()
            self.wake()
