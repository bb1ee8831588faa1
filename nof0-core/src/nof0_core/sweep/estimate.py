"""How many backtests a sweep is and how long it takes, measured by those that ran."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from nof0_core.config.fields import written
from nof0_core.sweep.shapes import DONE
from nof0_core.sweep.store import Store

if TYPE_CHECKING:
    from nof0_core.sweep.running import Prepared

MANY = 10_000
"""Backtests above which somebody has to agree, …"""
LONG = timedelta(hours=1)
"""… or if they take longer than this."""


@attrs.frozen(kw_only=True)
class Estimate:
    """What is left to do: `jobs` backtests, `each` of them so long, by so many `workers`."""

    jobs: int
    each: timedelta
    workers: int

    @property
    def total(self) -> timedelta:
        """Return how long all of it takes."""
        try:
            return self.each * self.jobs / self.workers
        except OverflowError:
            return timedelta.max

    @property
    def is_large(self) -> bool:
        """Tell whether somebody has to agree."""
        return self.jobs > MANY or self.total > LONG

    def __str__(self) -> str:
        each = written(timedelta(milliseconds=round(self.each.total_seconds() * 1000)))
        side = "one worker" if self.workers == 1 else f"{self.workers} workers"
        return (
            f"{self.jobs:,} backtests are left, {each} each on {side}: about {_rough(self.total)}"
        )


def estimated(prepared: Prepared, store: Store, workers: int) -> Estimate:
    """Reckon what is left by how long the windows are that ran, and how long they took."""
    ran = [record for record in store if record["status"] == DONE]
    seconds = sum(record["found"]["seconds"] for record in ran)
    past = sum((_length(record["window"]) for record in ran), timedelta())
    windows = prepared.windows.all
    mean = sum((one.end - one.start for one in windows), timedelta()) / len(windows)
    each = timedelta(seconds=seconds * (mean / past)) if past else timedelta()
    return Estimate(jobs=max(0, prepared.jobs - len(ran)), each=each, workers=workers)


def _length(window: list[str]) -> timedelta:
    start, end = map(datetime.fromisoformat, window)
    return end - start


def _rough(total: timedelta) -> str:
    seconds = total.total_seconds()
    for unit, name in ((86_400 * 365, "years"), (86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.0f} {name}"
    return f"{max(1, round(seconds))} seconds"
