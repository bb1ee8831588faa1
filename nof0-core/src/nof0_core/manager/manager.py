"""All that is done in a run: what is due, and what doing it means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from nof0_core.config.model import Config
from nof0_core.domain.hour_event import HOUR
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.execution.quiet_exits import Level
from nof0_core.ids import TraderId
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.controls import Controls
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.cycles import CycleDuty
from nof0_core.manager.drivers import Driver
from nof0_core.manager.duty_guard import DutyGuard
from nof0_core.manager.gate import CycleGate
from nof0_core.manager.held import HeldCycles
from nof0_core.manager.hints import HintListener, HintStream
from nof0_core.manager.hours import HourDuty
from nof0_core.manager.measurements import DutyTroubles
from nof0_core.manager.rebalance import Rebalancer
from nof0_core.manager.schedule import Rank, Schedule, Timer, at_or_after, next_on_grid, shifts
from nof0_core.manager.syncs import VenueDuties
from nof0_core.manager.trader import Trader
from nof0_core.manager.views import ViewBuilder
from nof0_core.manager.watchdog import CallOwner
from nof0_core.market.feed import MarketFeed
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.state.recorder import Recorder

AHEAD = timedelta(seconds=5)
"""A cycle that is scheduled further in the future than this is from a clock that was ahead."""


class Manager:
    """The duties of a run, which a driver gets done when they are due, until they are stopped.

    What goes wrong in one duty is told and ends no other. `stop_reason` says why the run is to end,
    `ends_at` where its recorded market does. `gate` is what cycles pass and changes close, `held`
    are cycles that have no record yet, `portfolio` values accounts at the prices of the last look.
    """

    def __init__(
        self,
        *,
        config: Config,
        driver: Driver,
        recorder: Recorder,
        traders: Mapping[TraderId, Trader],
        executions: Mapping[str, ExecutionEngine],
        feeds: Mapping[str, MarketFeed],
        runner: CycleRunner,
        held: HeldCycles,
        rebalancer: Rebalancer,
        portfolio: Portfolio,
        views: ViewBuilder,
        brakes: TraderBrakes,
        controls: Controls,
        troubles: DutyTroubles,
        ends_at: datetime | None,
        sync_step: timedelta,
        hints: Mapping[str, Sequence[Callable[[], HintStream]]],
    ) -> None:
        """Plan everything; nothing is done before `run`."""
        self.driver = driver
        self.recorder = recorder
        self.traders = traders
        self.troubles = troubles
        self.ends_at = ends_at
        self.stop_reason = ""
        self.accounts = tuple(config.exchanges)
        self.gate = CycleGate()
        self.held = held
        self.portfolio = portfolio
        self.calls: Sequence[CallOwner] = (*executions.values(), *feeds.values())
        self._config = config
        self._executions = executions
        self._rebalancer = rebalancer
        self._views = views
        self._sync_step = sync_step
        self._guard = DutyGuard(recorder=recorder, stop=self.stop, troubles=troubles)
        self._cycles = CycleDuty(
            recorder=recorder,
            runner=runner,
            most=config.max_concurrent_decisions if driver.tempo.at_once else None,
            stopped=lambda: bool(self.stop_reason),
            troubles=troubles,
            gate=self.gate,
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
            held=held,
        )
        self.schedule = self._plan()
        self.listeners: Sequence[HintListener] = [
            HintListener(
                name=venue_account,
                open=open_stream,
                on_hint=partial(driver.hasten, self, venue_account),
                clock=driver.clock,
                log=recorder.log,
            )
            for venue_account, streams in hints.items()
            for open_stream in streams
        ]

    # --- a run ------------------------------------------------------------------------------------

    def stop(self, reason: str) -> None:
        """Ask the run to end after what is being done now; the first reason given stays."""
        self.stop_reason = self.stop_reason or reason
        self.driver.wake()

    async def catch_up(self, venue_accounts: Sequence[str] | None = None) -> None:
        """Bring ledger and venues (None: all) into agreement, before anything is decided."""
        await self.driver.catch_up(
            self, self.accounts if venue_accounts is None else venue_accounts
        )

    async def run(self, after_moment: Callable[[datetime], None] = lambda _: None) -> str:
        """Run until `stop` or the end of a recording; return the reason.

        `after_moment` is called with the time after each moment's duties were done or started; it
        may call `stop`.

        Raises:
            ReplayMissError: in an exception group, once the cycle it belongs to is recorded.
            TransientError: likewise, where a call to a provider that hangs ends the run.
        """
        return await self.driver.drive(self, after_moment)

    async def finish(self) -> None:
        """Look at all venue accounts a last time."""
        self.held.end_all()
        await self.driver.finish(self)

    def unprotected(self) -> tuple[str, ...]:
        """Name the positions that want a stop and have none, as `trader coin`."""
        return tuple(
            f"{position.trader} {position.symbol}"
            for execution in self._executions.values()
            for position in execution.unprotected()
        )

    def give_up(self) -> None:
        """Break off every call to a venue that has no limit of its own, and make no more."""
        for execution in self._executions.values():
            execution.give_up()

    # --- what is due ------------------------------------------------------------------------------

    def _plan(self) -> Schedule:
        now, tempo = self.driver.clock.now(), self.driver.tempo
        schedule = Schedule()
        for venue_account in self.accounts:
            due = next_on_grid(now, self._sync_step)
            schedule.add(Timer(Rank.SYNC, venue_account, self._sync_step, due))
        schedule.add(Timer(Rank.HOUR, "", HOUR, next_on_grid(now, HOUR)))
        step = self._config.rebalance_interval
        schedule.add(Timer(Rank.REBALANCE, "", step, next_on_grid(now, step)))
        # Where one thing is done after the other, nobody is in anybody's way.
        spread = self._config.decision_spread if tempo.at_once else timedelta(0)
        for trader, shift in zip(
            self.traders.values(), shifts(len(self.traders), spread), strict=True
        ):
            step = trader.config.decision_interval
            moment = at_or_after(now - shift, step)
            last = self.recorder.state.standing(trader.config.id).last_cycle
            is_past = last is not None and (not tempo.may_be_set or last <= now + AHEAD)
            if last is not None and is_past and moment <= last:
                moment = next_on_grid(last, step)
            trader.due = moment + shift
            schedule.add(Timer(Rank.CYCLE, trader.config.id, step, trader.due, shift))
        return schedule

    def plan_cycle(self, trader: Trader) -> None:
        """Let a trader decide at its interval, which is another now, from the next moment on."""
        step, now = trader.config.decision_interval, self.driver.clock.now()
        last = self.recorder.state.standing(trader.config.id).last_cycle
        for timer in self.schedule.of(Rank.CYCLE, trader.config.id):
            is_past = last is not None and last <= now + AHEAD
            after = (
                max(now - timer.shift, last) if last is not None and is_past else now - timer.shift
            )
            timer.step = step
            timer.due = trader.due = next_on_grid(after, step) + timer.shift
        self.driver.wake()

    def plan_anew(self) -> None:
        """Plan everything from now on, whatever was planned: the clock was set."""
        self.schedule = self._plan()
        for trader in self.traders.values():
            trader.pause_until = None
        for venue_account in self.accounts:
            self.schedule.hasten(Rank.SYNC, venue_account, self.driver.clock.now())

    def advance(self, timer: Timer, now: datetime) -> None:
        """Let a timer be due the next time after `now`."""
        timer.advance(now)
        if timer.rank is Rank.CYCLE:
            self.traders[TraderId(timer.name)].due = timer.due

    @property
    def tells_events(self) -> bool:
        """Tell whether every venue says beforehand when something may happen at it."""
        return all(execution.standstill.tells_events for execution in self._executions.values())

    def next_event(self, after: datetime, until: datetime) -> datetime | None:
        """Return when in (after, until] something may happen at a venue account, else None."""
        moments = [
            found
            for execution in self._executions.values()
            if (found := execution.standstill.next_event(after, until)) is not None
        ]
        return min(moments, default=None)

    def is_settled(self) -> bool:
        """Tell whether the next syncs find what the last did, as long as nothing happens."""
        return (
            self._venues.is_quiet()
            and self._guard.is_quiet
            and all(execution.standstill.is_settled() for execution in self._executions.values())
        )

    def watched(self) -> Iterator[tuple[str, Level]]:
        """Yield the prices at which a sync acts by itself, each with its venue account."""
        for venue_account, execution in self._executions.items():
            for level in execution.standstill.exits.levels():
                yield venue_account, level

    def syncs_to_try(self) -> int | None:
        """Return how many syncs it is to one that sends an exit again; None: none does."""
        found = (each.standstill.exits.syncs_to_try() for each in self._executions.values())
        return min((count for count in found if count is not None), default=None)

    def syncs_left_out(self, count: int) -> None:
        """Take note of so many syncs in which nothing was to be done, and that nobody did."""
        for execution in self._executions.values():
            execution.standstill.exits.leave_out(count)

    def hours_left_out(self, first: datetime, last: datetime) -> None:
        """Take note of full hours (UTC) at which nothing was held, and that were not looked at."""
        self._hours.left_out(first, last)

    @property
    def shares_rest(self) -> int | None:
        """Return the event since which sharing out capital moves nothing, None if it may."""
        return self._rebalancer.rests_since

    def has_news(self) -> bool:
        """Tell whether a person has asked for something that nobody has looked at yet."""
        return self._venues.has_news()

    # --- what is done -----------------------------------------------------------------------------

    async def do(self, timer: Timer, scheduled: datetime) -> None:
        """Do what a timer stands for, which was scheduled for a moment of its grid."""
        work: Callable[[], Awaitable[None]]
        if timer.rank is Rank.SYNC:
            await self.sync(timer.name)
            return
        if timer.rank is Rank.CYCLE:
            work = partial(self._cycles.run, self.traders[TraderId(timer.name)], scheduled)
        elif timer.rank is Rank.HOUR:
            work = partial(self._hours.run, scheduled)
        else:
            work = self._rebalance
        await self._guard.run(timer.rank.word, timer.name, work)

    async def sync(self, venue_account: str) -> None:
        """Look at a venue account with new prices."""
        work = partial(self._venues.sync, venue_account)
        await self._guard.run(Rank.SYNC.word, venue_account, work)

    async def look(self, venue_account: str) -> None:
        """Fetch prices only."""
        await self._guard.run("quotes", venue_account, partial(self._venues.look, venue_account))

    async def listen(self, venue_account: str) -> None:
        """Do what people ask for."""
        work = partial(self._venues.listen, venue_account)
        await self._guard.run("controls", venue_account, work)

    async def guard(self, venue_account: str) -> None:
        """Protect what is held on what is known."""
        await self._guard.run("guard", venue_account, partial(self._venues.guard, venue_account))

    async def _rebalance(self) -> None:
        if not self._rebalancer.is_constant:
            # What is shared out may depend on all that was.
            self.held.end_all()
        self._rebalancer.run(self._views.traders(), before=self.held.end_all)
