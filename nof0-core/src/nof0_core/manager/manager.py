"""The engine's heart: waits for what is due and does it."""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import anyio
from anyio.abc import TaskGroup

from nof0_core.clock import Clock
from nof0_core.config.model import Config
from nof0_core.domain.event import HourMarked
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import EndOfDataError, JournalError, Nof0Error, ReplayMissError
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.ids import ENGINE, TraderId
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.controls import Controls
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.hints import HintListener, HintStream
from nof0_core.manager.rebalance import Rebalancer
from nof0_core.manager.schedule import Rank, Schedule, Timer, at_or_after, next_on_grid, shifts
from nof0_core.manager.trader import Trader
from nof0_core.manager.views import ViewBuilder
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder

HOUR = timedelta(hours=1)
HINTS_APART = timedelta(seconds=1)
"""However many hints come, a venue account is looked at no oftener because of them."""
REASON_LETTERS = 200
"""Longest reason an alert gives; all of it is in the journal's record of the cycle."""


class Manager:
    """Runs all traders until told to stop.

    On a lockstep clock everything that is due at a moment is done in a fixed order before time
    moves on. On a clock that runs by itself each duty is a task of its own: a slow model keeps
    nobody else from deciding (beyond `max_concurrent_decisions`) and never delays stops.
    """

    def __init__(
        self,
        *,
        config: Config,
        clock: Clock,
        recorder: Recorder,
        traders: Mapping[TraderId, Trader],
        executions: Mapping[str, ExecutionEngine],
        runner: CycleRunner,
        rebalancer: Rebalancer,
        portfolio: Portfolio,
        views: ViewBuilder,
        brakes: TraderBrakes,
        controls: Controls,
        ends_at: datetime | None,
        sync_step: timedelta,
        hints: Mapping[str, Sequence[Callable[[], HintStream]]],
    ) -> None:
        self.traders = traders
        self.stop_reason = ""
        self._config = config
        self._clock = clock
        self._recorder = recorder
        self._executions = executions
        self._runner = runner
        self._rebalancer = rebalancer
        self._portfolio = portfolio
        self._views = views
        self._brakes = brakes
        self._controls = controls
        self._ends_at = ends_at
        self._limiter = anyio.CapacityLimiter(config.max_concurrent_decisions)
        self._busy: set[str] = set()
        self._unsynced: AlertOnce[str] = AlertOnce(recorder, "sync_failed")
        self._waiting: anyio.CancelScope | None = None
        self._schedule = self._plan(sync_step)
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
        if self._waiting is not None:
            self._waiting.cancel()

    async def run(self, after_moment: Callable[[datetime], None] = lambda _: None) -> str:
        """Run until `stop` or the end of a recording; return the reason.

        `after_moment` is called with the time after each moment's duties were done or started; it
        may call `stop`.

        Raises:
            ReplayMissError: in an exception group, once the cycle it belongs to is recorded.
        """
        async with self._listening(), anyio.create_task_group() as tasks:
            while await self._wait():
                now = self._clock.now()
                for timer in list(self._schedule.due(now)):
                    scheduled = timer.scheduled
                    self._advance(timer, now)
                    if self._clock.is_lockstep:
                        await self._do(timer, scheduled)
                    else:
                        self._start(tasks, timer, scheduled)
                if self._clock.is_lockstep:
                    # Nothing outside sees a simulation between its moments: one write for each.
                    self._recorder.commit()
                after_moment(now)
            tasks.cancel_scope.deadline = anyio.current_time() + 5
        return self.stop_reason

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        """Let hints hasten syncs, where time runs by itself."""
        async with anyio.create_task_group() as listening:
            if not self._clock.is_lockstep:
                for listener in self._listeners:
                    listening.start_soon(listener.run)
            try:
                yield
            finally:
                listening.cancel_scope.cancel()

    def _hasten(self, venue_account: str) -> None:
        """Look at a venue account soon: at once, but not twice in a second."""
        now, last = self._clock.now(), self._hastened.get(venue_account)
        if last is not None and last > now:
            return
        moment = now if last is None else max(now, last + HINTS_APART)
        self._hastened[venue_account] = moment
        self._schedule.hasten(Rank.SYNC, venue_account, moment)
        if self._waiting is not None:
            # Not to end, but to find out anew what is due.
            self._waiting.cancel()

    async def catch_up(self) -> None:
        """Bring ledger and venues into agreement, before anything is decided."""
        for venue_account in self._executions:
            await self._sync(venue_account)
        self._recorder.commit()

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

    # --- duties ---------------------------------------------------------------------------------

    def _plan(self, sync_step: timedelta) -> Schedule:
        now = self._clock.now()
        schedule = Schedule()
        for venue_account in self._executions:
            schedule.add(Timer(Rank.SYNC, venue_account, sync_step, next_on_grid(now, sync_step)))
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
            last = self._recorder.state.last_cycle(trader.config.id)
            if last is not None and moment <= last:
                moment = next_on_grid(last, step)
            trader.due = moment + shift
            schedule.add(Timer(Rank.CYCLE, trader.config.id, step, trader.due, shift))
        return schedule

    def _advance(self, timer: Timer, now: datetime) -> None:
        timer.advance(now)
        if timer.rank is Rank.CYCLE:
            self.traders[TraderId(timer.name)].due = timer.due

    def _start(self, tasks: TaskGroup, timer: Timer, scheduled: datetime) -> None:
        key = f"{timer.rank}:{timer.name}"
        if key in self._busy:
            self._recorder.log.info("still busy, left out", duty=timer.rank.name, name=timer.name)
            return
        self._busy.add(key)

        async def duty() -> None:
            try:
                await self._do(timer, scheduled)
            finally:
                # Also where it was cancelled: what it did has to be on disk.
                with anyio.CancelScope(shield=True):
                    await self._recorder.secure()
                self._busy.discard(key)

        tasks.start_soon(duty)

    async def _do(self, timer: Timer, scheduled: datetime) -> None:
        if timer.rank is Rank.CYCLE:
            trader = self.traders[TraderId(timer.name)]
            if self._clock.is_lockstep:
                await self._cycle(trader, scheduled)
            else:
                async with self._limiter:
                    await self._cycle(trader, scheduled)
        elif timer.rank is Rank.SYNC:
            await self._sync(timer.name)
        elif timer.rank is Rank.HOUR:
            await self._settle_hour(scheduled)
        else:
            self._rebalancer.run(self._views.traders())

    async def _cycle(self, trader: Trader, scheduled: datetime) -> None:
        now = self._clock.now()
        if self.stop_reason or trader.is_paused or trader.is_pausing(now):
            return
        try:
            result = await self._runner.run(trader, scheduled)
            status = result.status
            reason = result.error
        except EndOfDataError as error:
            self.stop(str(error))
            return
        except JournalError:
            # What cannot be written down must not be done: the engine ends here.
            raise
        except ReplayMissError as error:
            self._runner.record_failure(trader, scheduled, CycleStatus.REPLAY_MISS, str(error))
            raise
        except anyio.get_cancelled_exc_class():
            self._runner.record_failure(
                trader, scheduled, CycleStatus.INTERRUPTED, "the engine was stopped"
            )
            raise
        except Exception as error:  # noqa: BLE001 - a plugin's bug ends a cycle, not the engine
            is_ours = isinstance(error, Nof0Error)
            status = CycleStatus.PROVIDER_ERROR if is_ours else CycleStatus.INTERNAL_ERROR
            reason = _in_words(error)
            self._log_failure(status, trader.config.id, error)
            self._runner.record_failure(trader, scheduled, status, reason)
        if status is CycleStatus.OK:
            trader.succeeded()
        elif status is CycleStatus.BUDGET_EXCEEDED:
            trader.sat_out()
        elif trader.failed(now):
            why = textwrap.shorten(reason, REASON_LETTERS, placeholder=" …")
            self._recorder.alert(
                "trader_failing",
                f"{trader.config.id} failed {trader.failures} cycles in a row ({status}: {why}); "
                "its positions and stops stay as they are",
                trader=trader.config.id,
            )

    async def _sync(self, venue_account: str) -> None:
        execution = self._executions[venue_account]
        # First of all, and without the venue: a halt has to hold even while it is away.
        self._controls.listen()
        try:
            quotes = await self._portfolio.refresh(venue_account)
            await execution.sync(quotes)
            await self._controls.close_out(execution, quotes)
            for trader in self.traders.values():
                if trader.config.exchange == venue_account:
                    self._brakes.evaluate(trader.config.id)
        except EndOfDataError as error:
            self.stop(str(error))
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - a provider's bug must not end the engine
            self._log_failure("sync_failed", venue_account, error)
            message = f"{venue_account}: {_in_words(error)}; it is tried again at every sync"
            self._unsynced.alert(venue_account, message)
        else:
            self._unsynced.clear(venue_account)

    def _log_failure(self, what: str, name: str, error: Exception) -> None:
        trace = "" if isinstance(error, Nof0Error) else "".join(traceback.format_exception(error))
        self._recorder.log.info(what, name=name, error=_in_words(error), trace=trace)

    async def _settle_hour(self, hour: datetime) -> None:
        for venue_account, execution in self._executions.items():
            await execution.settle_hour(hour, self._portfolio.quotes[venue_account])
        accounts = tuple(self._portfolio.account(trader) for trader in self.traders)
        self._recorder.record(ENGINE, HourMarked(accounts=accounts))


def _in_words(error: Exception) -> str:
    """Describe an error in one line; nof0's own need no class name."""
    return str(error) if isinstance(error, Nof0Error) else f"{type(error).__name__}: {error}"
