"""When things are due. Pure.

Everything repeats on a grid counted from 1970 UTC, so decisions fall on the close of bars, a
restart goes on where the old run would have, and no timer drifts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import IntEnum

import attrs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_on_grid(after: datetime, step: timedelta) -> datetime:
    """Return the first multiple of `step` since 1970 that is later than `after`."""
    return _EPOCH + ((after - _EPOCH) // step + 1) * step


def at_or_after(moment: datetime, step: timedelta) -> datetime:
    """Return the first multiple of `step` since 1970 that is not before `moment`."""
    return next_on_grid(moment - timedelta(microseconds=1), step)


class Rank(IntEnum):
    """What comes first when several things are due at the same moment.

    The venue is caught up with before anything is decided, the hour is marked on what the venue
    did, and capital moves only between decisions.
    """

    SYNC = 0
    HOUR = 1
    REBALANCE = 2
    CYCLE = 3

    def __init__(self, _: int) -> None:
        self.word = self._name_.lower()
        """What an alert calls it."""


def shifts(count: int, spread: timedelta) -> list[timedelta]:
    """Return how long after a common moment each of `count` duties begins, evenly over `spread`."""
    return [spread * index / count for index in range(count)]


@attrs.define
class Timer:
    """One repeating duty; `name` is the trader for cycles, the venue account for syncs.

    `due` is when it is to begin: `shift` after the moment of the grid it belongs to, or sooner
    where it `is_hastened`.
    """

    rank: Rank
    name: str
    step: timedelta
    due: datetime
    shift: timedelta = timedelta(0)
    is_hastened: bool = False

    @property
    def scheduled(self) -> datetime:
        """Return the moment of the grid that `due` belongs to."""
        return self.due - self.shift

    def advance(self, now: datetime) -> None:
        """Set the next due moment after `now`; moments that were missed are left out."""
        self.due = next_on_grid(max(now, self.due) - self.shift, self.step) + self.shift
        self.is_hastened = False


class Schedule:
    """All timers, in the order in which they run."""

    def __init__(self) -> None:
        self._timers: list[Timer] = []

    def add(self, timer: Timer) -> Timer:
        """Add a timer; timers of equal rank run in the order they were added."""
        self._timers.append(timer)
        self._timers.sort(key=lambda t: t.rank)
        return timer

    def hasten(self, rank: Rank, name: str, moment: datetime) -> None:
        """Let a duty begin at `moment` where it was due later; its grid stays as it is."""
        for timer in self._timers:
            if timer.rank is rank and timer.name == name and moment < timer.due:
                timer.due, timer.is_hastened = moment, True

    def of(self, rank: Rank, name: str) -> Iterator[Timer]:
        """Yield the timers of one duty."""
        return (timer for timer in self._timers if timer.rank is rank and timer.name == name)

    @property
    def next_due(self) -> datetime:
        """Return the earliest due moment; there must be at least one timer."""
        return min(timer.due for timer in self._timers)

    def due(self, now: datetime) -> Iterator[Timer]:
        """Yield the timers due at or before `now`, by rank and then by order of adding."""
        for timer in self._timers:
            if timer.due <= now:
                yield timer
