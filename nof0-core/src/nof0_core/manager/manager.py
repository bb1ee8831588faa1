"""The engine's heart: waits for what is due and does it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import anyio
from anyio.abc import TaskGroup

from nof0_core.clock import Clock, SystemClock, pause, stopwatch
from nof0_core.config.model import Config
from nof0_core.domain.measured import Trouble
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.ids import TraderId
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.controls import Controls
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.cycles import CycleDuty
from nof0_core.manager.duty_guard import DutyGuard
from nof0_core.manager.hints import HintListener, HintStream
from nof0_core.manager.hours import HOUR, HourDuty
from nof0_core.manager.measurements import DutyTroubles
from nof0_core.manager.rebalance import Rebalancer
from nof0_core.manager.schedule import Rank, Schedule, Timer, at_or_after, next_on_grid, shifts
from nof0_core.manager.syncs import VenueDuties
from nof0_core.manager.trader import Trader
from nof0_core.manager.views import ViewBuilder
from nof0_core.manager.watchdog import CallOwner, watch_calls
from nof0_core.market.feed import MarketFeed
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder

OVERLAPPING = 5
"""How many looks of one kind at a venue account may be under way."""
HINTS_APART = timedelta(seconds=1)
"""However many hints come, a venue account is looked at no oftener because of them."""
AHEAD = timedelta(seconds=5)
"""A cycle that is scheduled further in the future than this is from a clock that was ahead."""
TASKS_END = 5.0
"""How long duties that are under way at the end may go on, in seconds of real time."""


class Manager:
    """Runs all traders until told to stop.

    On a lockstep clock everything that is due at a moment is done in a fixed order before time
    moves on. On a clock that runs by itself each duty is a task of its own: a slow model keeps
    nobody else from deciding (beyond `max_concurrent_decisions`), and neither it nor a venue that
    hangs delays stops and what people ask for, which are looked after every `beat` seconds of real
    time. What goes wrong in one duty is told and ends no other; one that is still busy when it is
    due again twice is told too, if that took longer than `patience` (seconds of real time).
    """

    def __init__(
        self,
        *,
        config: Config,
        clock: Clock,
        recorder: Recorder,
        traders: Mapping[TraderId, Trader],
        executions: Mapping[str, ExecutionEngine],
        feeds: Mapping[str, MarketFeed],
        runner: CycleRunner,
        rebalancer: Rebalancer,
        portfolio: Portfolio,
        views: ViewBuilder,
        brakes: TraderBrakes,
        controls: Controls,
        troubles: DutyTroubles,
        ends_at: datetime | None,
        sync_step: timedelta,
        hints: Mapping[str, Sequence[Callable[[], HintStream]]],
        close_within: float = 10.0,
        beat: float = 1.0,
        patience: float = 3.0,
    ) -> None:
        self.traders = traders
        self.stop_reason = ""
        self._config = config
        self._clock = clock
        self._recorder = recorder
        self._executions = executions
        self._callers: tuple[CallOwner, ...] = (*executions.values(), *feeds.values())
        self._rebalancer = rebalancer
        self._views = views
        self._ends_at = ends_at
        self._sync_step = sync_step
        self._close_within = close_within
        self._beat = beat
        self._patience = patience
        self._troubles = troubles
        self._guard = DutyGuard(recorder=recorder, stop=self.stop, troubles=troubles)
        self._cycles = CycleDuty(
            recorder=recorder,
            runner=runner,
            most=config.max_concurrent_decisions,
            stopped=lambda: bool(self.stop_reason),
            troubles=troubles,
        )
        self._venues = VenueDuties(
            recorder=recorder,
            executions=executions,
            portfolio=portfolio,
            brakes=brakes,
            controls=controls,
            traders=traders,
            troubles=troubles,
        )
        self._hours = HourDuty(
            recorder=recorder,
            executions=executions,
            portfolio=portfolio,
            traders=tuple(traders),
            guard=self._guard,
        )
        self._busy: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()
        self._stuck: AlertOnce[str] = AlertOnce(recorder, "duty_busy")
        self._waiting: anyio.CancelScope | None = None
        self._schedule = self._plan()
        self._hastened: dict[str, datetime] = {}
        self._listeners = [
            HintListener(
                name=venue_account,
                open=open_stream,
                on_hint=partial(self._hasten, venue_account),
                clock=clock,
                log=recorder.log,
            )
            for venue_account, streams in hints.items()
            for open_stream in streams
        ]

    def stop(self, reason: str) -> None:
        """Ask the run to end after what is being done now; the first reason given stays."""
        self.stop_reason = self.stop_reason or reason
        self._wake()

    async def catch_up(self, venue_accounts: Sequence[str] | None = None) -> None:
        """Bring ledger and venues (None: all) into agreement, before anything is decided."""
        async with self._watched():
            for venue_account in self._executions if venue_accounts is None else venue_accounts:
                await self._sync(venue_account)
        self._recorder.commit()

    async def run(self, after_moment: Callable[[datetime], None] = lambda _: None) -> str:
        """Run until `stop` or the end of a recording; return the reason.

        `after_moment` is called with the time after each moment's duties were done or started; it
        may call `stop`.

        Raises:
            ReplayMissError: in an exception group, once the cycle it belongs to is recorded.
            TransientError: likewise, on a lockstep clock, when a call to a provider hangs.
        """
        async with self._beside(), anyio.create_task_group() as tasks:
            while await self._wait():
                now = self._clock.now()
                for timer in list(self._schedule.due(now)):
                    scheduled, is_hastened = timer.scheduled, timer.is_hastened
                    self._advance(timer, now)
                    if self._clock.is_lockstep:
                        await self._do(timer, scheduled)
                    else:
                        self._start(tasks, timer, scheduled, is_regular=not is_hastened)
                if self._clock.is_lockstep:
                    # Nothing outside sees a simulation between its moments: one write for each.
                    self._recorder.commit()
                after_moment(now)
            tasks.cancel_scope.deadline = anyio.current_time() + TASKS_END
        return self.stop_reason

    async def finish(self) -> None:
        """Look at all venue accounts a last time; where time runs by itself, not for long.

        What is known is protected meanwhile, whatever hangs.
        """
        if self._clock.is_lockstep:
            async with self._watched():
                for venue_account in self._executions:
                    await self._sync(venue_account)
        else:
            with anyio.move_on_after(self._close_within):
                async with anyio.create_task_group() as beside:
                    for venue_account in self._executions:
                        beside.start_soon(self._repeat, "guard", venue_account, self._venues.guard)
                    async with anyio.create_task_group() as tasks:
                        for venue_account in self._executions:
                            tasks.start_soon(self._sync, venue_account)
                    beside.cancel_scope.cancel()
        self._recorder.commit()

    def unprotected(self) -> tuple[str, ...]:
        """Name the positions that want a stop and have none, as `trader coin`."""
        return tuple(
            f"{position.trader} {position.symbol}"
            for execution in self._executions.values()
            for position in execution.unprotected()
        )

    # --- waiting ----------------------------------------------------------------------------------

    async def _wait(self) -> bool:
        """Wait until something is due; return False when the run is to end instead."""
        due = self._schedule.next_due
        if self._ends_at is not None and due > self._ends_at:
            self.stop("the recorded market ends here")
        if not self.stop_reason:
            with anyio.CancelScope() as self._waiting:
                await self._clock.sleep_until(due)
            self._waiting = None
        return not self.stop_reason

    def _wake(self) -> None:
        """Let whoever waits find out anew what is due."""
        if self._waiting is not None:
            self._waiting.cancel()

    def _hasten(self, venue_account: str) -> None:
        """Look at a venue account soon: at once, but not twice in a second."""
        now, last = self._clock.now(), self._hastened.get(venue_account)
        if last is not None and last > now:
            return
        moment = now if last is None else max(now, last + HINTS_APART)
        self._hastened[venue_account] = moment
        self._schedule.hasten(Rank.SYNC, venue_account, moment)
        self._wake()

    def _plan(self) -> Schedule:
        now = self._clock.now()
        schedule = Schedule()
        for venue_account in self._config.exchanges:
            due = next_on_grid(now, self._sync_step)
            schedule.add(Timer(Rank.SYNC, venue_account, self._sync_step, due))
        schedule.add(Timer(Rank.HOUR, "", HOUR, next_on_grid(now, HOUR)))
        step = self._config.rebalance_interval
        schedule.add(Timer(Rank.REBALANCE, "", step, next_on_grid(now, step)))
        # Where time stands still while work is done, nobody is in anybody's way.
        spread = timedelta(0) if self._clock.is_lockstep else self._config.decision_spread
        for trader, shift in zip(
            self.traders.values(), shifts(len(self.traders), spread), strict=True
        ):
            step = trader.config.decision_interval
            moment = at_or_after(now - shift, step)
            last = self._recorder.state.standing(trader.config.id).last_cycle
            is_past = last is not None and (self._clock.is_lockstep or last <= now + AHEAD)
            if last is not None and is_past and moment <= last:
                moment = next_on_grid(last, step)
            trader.due = moment + shift
            schedule.add(Timer(Rank.CYCLE, trader.config.id, step, trader.due, shift))
        return schedule

    def _advance(self, timer: Timer, now: datetime) -> None:
        timer.advance(now)
        if timer.rank is Rank.CYCLE:
            self.traders[TraderId(timer.name)].due = timer.due

    # --- duties ---------------------------------------------------------------------------------

    def _start(
        self, tasks: TaskGroup, timer: Timer, scheduled: datetime, *, is_regular: bool
    ) -> None:
        key = f"{timer.rank}:{timer.name}"
        if key not in self._busy:
            self._busy[key] = stopwatch()
            tasks.start_soon(self._as_task, key, partial(self._do, timer, scheduled))
            return
        self._recorder.log.info("still busy, left out", duty=timer.rank.name, name=timer.name)
        if is_regular:
            self._left_out[key] += 1
            self._troubles.count(timer.rank.word, Trouble.LEFT_OUT)
        if self._left_out[key] > 1 and stopwatch() - self._busy[key] >= self._patience:
            label = f"{timer.rank.word} of {timer.name}" if timer.name else timer.rank.word
            if key not in self._stuck.raised:
                self._troubles.count(timer.rank.word, Trouble.HANGING)
            self._stuck.alert(key, f"{label} still goes on though it was due again twice")
        if timer.rank is Rank.SYNC and (quotes := f"quotes:{timer.name}") not in self._busy:
            # What protects meanwhile has to know prices.
            look = partial(self._venues.look, timer.name)
            guarded = partial(self._guard.run, "quotes", timer.name, look)
            self._busy[quotes] = stopwatch()
            tasks.start_soon(self._as_task, quotes, guarded)

    async def _as_task(self, key: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            # Also where it was cancelled: what it did has to be on disk.
            with anyio.CancelScope(shield=True):
                await self._recorder.secure()
            del self._busy[key]
            self._left_out.pop(key, None)
            self._stuck.clear(key)

    async def _do(self, timer: Timer, scheduled: datetime) -> None:
        work: Callable[[], Awaitable[None]]
        if timer.rank is Rank.SYNC:
            await self._sync(timer.name)
            return
        if timer.rank is Rank.CYCLE:
            work = partial(self._cycles.run, self.traders[TraderId(timer.name)], scheduled)
        elif timer.rank is Rank.HOUR:
            work = partial(self._hours.run, scheduled)
        else:
            work = self._rebalance
        await self._guard.run(timer.rank.word, timer.name, work)

    async def _sync(self, venue_account: str) -> None:
        work = partial(self._venues.sync, venue_account)
        await self._guard.run(Rank.SYNC.word, venue_account, work)

    async def _rebalance(self) -> None:
        self._rebalancer.run(self._views.traders())

    # --- beside the schedule ----------------------------------------------------------------------

    @asynccontextmanager
    async def _beside(self) -> AsyncIterator[None]:
        """Do what no schedule and no other duty may delay."""
        is_lockstep = self._clock.is_lockstep
        async with self._watched(), anyio.create_task_group() as tasks:
            if is_lockstep:
                tasks.start_soon(self._heed)
            for listener in () if is_lockstep else self._listeners:
                tasks.start_soon(listener.run)
            for account in () if is_lockstep else self._config.exchanges:
                tasks.start_soon(self._repeat, "controls", account, self._venues.listen)
                tasks.start_soon(self._repeat, "guard", account, self._venues.guard)
            if isinstance(self._clock, SystemClock):
                tasks.start_soon(self._watch_clock, self._clock)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """End what is done inside with an error when a call hangs on a lockstep clock."""
        async with anyio.create_task_group() as tasks:
            if self._clock.is_lockstep:
                tasks.start_soon(watch_calls, self._callers)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def _heed(self) -> None:
        """Look at once where a person asks for something, however long no time is to pass."""
        while True:
            await pause(self._beat)
            for venue_account in self._executions if self._venues.has_news() else ():
                self._hasten(venue_account)

    async def _repeat(
        self, duty: str, venue_account: str, work: Callable[[str], Awaitable[None]]
    ) -> None:
        """Do a duty again and again, a beat apart, also while what it did before takes its time."""
        room = anyio.CapacityLimiter(OVERLAPPING)

        async def do() -> None:
            if not room.available_tokens:
                self._troubles.count(duty, Trouble.LEFT_OUT)
                return
            known = self._recorder.last_seq
            try:
                async with room:
                    await self._guard.run(duty, venue_account, partial(work, venue_account))
            finally:
                if self._recorder.last_seq != known:
                    with anyio.CancelScope(shield=True):
                        await self._recorder.secure()

        async with anyio.create_task_group() as tasks:
            while True:
                await pause(self._beat)
                tasks.start_soon(do)

    async def _watch_clock(self, clock: SystemClock) -> None:
        """Plan anew whenever somebody sets the machine's clock."""
        while True:
            by = await clock.jump()
            way = "back" if by < timedelta(0) else "ahead"
            self._recorder.alert(
                "clock_jumped",
                f"the machine's clock was set {way} by {abs(by)}, or it was suspended; all that is "
                "due is planned anew",
            )
            self._schedule = self._plan()
            self._hastened.clear()
            for trader in self.traders.values():
                trader.pause_until = None
            for venue_account in self._executions:
                self._schedule.hasten(Rank.SYNC, venue_account, clock.now())
            self._wake()
