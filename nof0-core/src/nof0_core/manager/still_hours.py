"""Full hours in which nothing was held, kept together until something happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.event import HoursMarked
from nof0_core.domain.hour_event import HOUR
from nof0_core.ids import ENGINE, TraderId
from nof0_core.state.recorder import Recorder


@attrs.define(kw_only=True)
class _Stretch:
    first: datetime
    last: datetime
    accounts: tuple[AccountState, ...]


class StillHours:
    """The stretch of full hours that have no record yet.

    Without `keep` there never is one: each hour has a record of its own, as always outside of a
    backtest. The stretch is recorded before anything else is.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._stretch: _Stretch | None = None
        self.is_kept = False

    def keep(self) -> None:
        """Keep hours together from now on in which nothing is held."""
        self.is_kept = True
        self._recorder.before = self.end

    @property
    def last(self) -> datetime | None:
        """Return the newest hour without a record (UTC), None where all have one."""
        return None if self._stretch is None else self._stretch.last

    @property
    def day(self) -> date | None:
        """Return the day (UTC) of the newest hour without a record, None where all have one."""
        return None if self._stretch is None else self._stretch.last.date()

    def account(self, trader: TraderId) -> AccountState | None:
        """Return a trader's account at these hours, None where all hours have a record."""
        if self._stretch is None:
            return None
        return next((each for each in self._stretch.accounts if each.trader == trader), None)

    def note(self, first: datetime, last: datetime, accounts: Sequence[AccountState]) -> None:
        """Add hours in which nobody held anything, and what the accounts were worth at them.

        They come right after those that are noted, with equal accounts, for nothing was recorded in
        between.
        """
        known = self._stretch
        if known is not None and first == known.last + HOUR:
            known.last = last
            return
        self.end()
        valued = tuple(attrs.evolve(each, time=first) for each in accounts)
        self._stretch = _Stretch(first=first, last=last, accounts=valued)

    def end(self) -> None:
        """Record the stretch, if there is one."""
        found, self._stretch = self._stretch, None
        if found is not None:
            body = HoursMarked(first=found.first, last=found.last, accounts=found.accounts)
            self._recorder.record(ENGINE, body)
