"""What the journal keeps of full hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.body import Body

HOUR = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class HourMarked(Body):
    """All accounts valued at a full hour, for equity curves and returns."""

    type: ClassVar[str] = "hour"
    accounts: tuple[AccountState, ...]


@attrs.frozen(kw_only=True)
class HoursMarked(Body):
    """A stretch of full hours in which nobody held anything and nothing happened.

    Only a backtest writes it, in the place of an `HourMarked` for each, before whatever happens
    next. `first` and `last` are the first and the last of the hours (UTC), `accounts` are valued at
    the first; at each of the others they are the same but for their time.
    """

    type: ClassVar[str] = "hours"
    first: datetime
    last: datetime
    accounts: tuple[AccountState, ...]

    @property
    def count(self) -> int:
        """Return how many hours there are."""
        return (self.last - self.first) // HOUR + 1

    def at(self, hour: datetime) -> HourMarked:
        """Return the mark of one of the hours."""
        return HourMarked(accounts=tuple(attrs.evolve(each, time=hour) for each in self.accounts))

    def each(self) -> Iterator[tuple[datetime, HourMarked]]:
        """Yield all hours with their marks, oldest first."""
        for number in range(self.count):
            hour = self.first + number * HOUR
            yield hour, self.at(hour)
