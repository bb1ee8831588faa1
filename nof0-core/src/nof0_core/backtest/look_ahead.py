"""Whether anybody in a run has looked into the future: it is run again with another one."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import attrs

from nof0_core.backtest.cycle_log import CycleLog, CycleMark
from nof0_core.backtest.one_run import Lived
from nof0_core.errors import Nof0Error

MOST = 8
"""Moments at which the future is exchanged."""

Again = Callable[[datetime], Awaitable[Lived]]
"""Runs up to a moment with other data after it."""


class LookAheadError(Nof0Error):
    """A decision depends on what was not known yet: nothing of the run means anything."""


@attrs.frozen(kw_only=True)
class LookAhead:
    """A check that found nothing: at these moments (UTC), comparing so many cycles."""

    moments: tuple[datetime, ...]
    cycles: int


def moments_of(log: CycleLog, last: datetime, count: int = MOST) -> list[datetime]:
    """Choose moments at which somebody decided, by the digest of all decisions; oldest first.

    After `last` nothing comes that could be exchanged.
    """
    times = sorted({mark.time for mark in log.marks if mark.time <= last})
    chance = random.Random(log.digest())
    return sorted(chance.sample(times, min(count, len(times))))


async def check(
    log: CycleLog,
    again: Again,
    *,
    moments: Sequence[datetime],
    progress: Callable[[int], object] = lambda _: None,
) -> LookAhead:
    """Run up to each moment with other data after it, and compare all cycles until then.

    Args:
        log: of the first run.
        again: runs once more.
        moments: as `moments_of` gives them.
        progress: told how many are done.

    Raises:
        LookAheadError: something differs; says who, when and what.
    """
    compared = 0
    for number, moment in enumerate(moments):
        lived = await again(moment)
        compared += _compared(moment, log.until(moment), lived)
        progress(number + 1)
    return LookAhead(moments=tuple(moments), cycles=compared)


def _compared(moment: datetime, first: Sequence[CycleMark], lived: Lived) -> int:
    second = lived.log.until(moment)
    for one, other in zip(first, second, strict=False):
        if one != other:
            raise _error(moment, one, one.differing(other))
    if len(first) != len(second):
        mark = (first if len(first) > len(second) else second)[min(len(first), len(second))]
        raise _error(moment, mark, lived.error or "who decided when")
    return len(first)


def _error(moment: datetime, mark: CycleMark, what: str) -> LookAheadError:
    message = (
        f"look-ahead: {mark.trader} at {mark.time:%Y-%m-%d %H:%M:%S} UTC depends on later data. "
        f"With another market after {moment:%Y-%m-%d %H:%M:%S} this differs: {what}"
    )
    reads = "an indicator, a prompt, a model or a plugin reads what was not known then"
    other = "something that is drawn anew in every run shows the same way"
    return LookAheadError(message, hints=(f"{reads}: no report is written", other))
