"""The duty at full hours: funding the venue does not see, and the mark of all accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from nof0_core.domain.account import AccountState
from nof0_core.domain.event import HourMarked
from nof0_core.domain.hour_event import HOUR
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.ids import ENGINE, TraderId
from nof0_core.manager.duty_guard import DutyGuard
from nof0_core.manager.held import HeldCycles
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.state.recorder import Recorder

MOST_HOURS = 25
"""How many hours are settled at most: so far back it is known who held what."""


class HourDuty:
    """Settles and marks full hours of all venue accounts."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        executions: Mapping[str, ExecutionEngine],
        portfolio: Portfolio,
        traders: Sequence[TraderId],
        guard: DutyGuard,
        held: HeldCycles,
    ) -> None:
        self._recorder = recorder
        self._executions = executions
        self._portfolio = portfolio
        self._traders = traders
        self._guard = guard
        self._held = held

    async def run(self, hour: datetime) -> None:
        """Settle an hour, and those before it the engine was away for, then mark the accounts.

        One that holds a coin without a price is left out: nobody knows what it is worth. So is
        one that has no capital yet, for its exchange has not opened.
        """
        is_still = self._held.hours.is_kept and not self._is_anything_held()
        if not hour.hour and not is_still:
            # Each day in which something happens can be read by itself.
            self._held.end_all()
        hours = self._unsettled(hour)
        marked, lost = self._last_mark(hour), hours[0] - HOUR
        if lost > marked:
            # Nobody knows any more who held what: opposite positions pay each other nothing.
            first = (marked + HOUR).replace(minute=0, second=0, microsecond=0)
            self._recorder.log.warning("hours not settled", first=first, last=lost)
        if len(hours) > 1:
            self._recorder.log.info("hours settled late", first=hours[0], last=hour)
        for venue_account, execution in list(self._executions.items()):

            async def settle(name: str = venue_account, on: ExecutionEngine = execution) -> None:
                for each in hours:
                    await on.settle_hour(each, self._portfolio.quotes[name])

            await self._guard.run("hour", venue_account, settle)
        accounts = self._accounts()
        priced = tuple(account for account in accounts if not account.unpriced)
        if is_still and priced and len(priced) == len(accounts):
            self._held.hours_left_out(hour, hour, priced)
            return
        self._recorder.record(ENGINE, HourMarked(accounts=priced))
        self._held.hour_marked(account.trader for account in priced)

    def left_out(self, first: datetime, last: datetime) -> None:
        """Take note of hours at which nothing was held, without looking at anything."""
        self._held.hours_left_out(first, last, self._accounts())

    def _accounts(self) -> list[AccountState]:
        state = self._recorder.state
        begun = [t for t in self._traders if state.venue_account_of(t) is not None]
        return [self._portfolio.account(trader) for trader in begun]

    def _is_anything_held(self) -> bool:
        return any(self._recorder.state.positions(name) for name in self._executions)

    def _unsettled(self, hour: datetime) -> list[datetime]:
        """Return the full hours since the last mark, at most `MOST_HOURS`, this one at the end."""
        last, hours = self._last_mark(hour), [hour]
        while len(hours) < MOST_HOURS and hours[0] - HOUR > last:
            hours.insert(0, hours[0] - HOUR)
        return hours

    def _last_mark(self, hour: datetime) -> datetime:
        """Return the hour that was marked last; before the first mark the one before `hour`."""
        points = (self._recorder.state.standing(trader).last_point for trader in self._traders)
        marked = (self._held.hours.last, *points)
        return max((time for time in marked if time is not None), default=hour - HOUR)
