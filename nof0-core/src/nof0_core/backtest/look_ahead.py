"""Whether anybody in a run has looked into the future: it is run again with another one.

Each time from the beginning: whoever reads ahead may have done so long before the moment, so a run
with another future behind an earlier moment cannot stand for the first part of one behind a later
one, nor can the run itself.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest

import attrs

from nof0_core.backtest.cycle_log import CycleLog, CycleMark
from nof0_core.backtest.one_run import Lived
from nof0_core.backtest.peek import LookAheadError
from nof0_core.backtest.series_marks import SeriesKey, SeriesMarks
from nof0_core.domain.candles import to_ms

MOST = 8
"""Moments at which the future is exchanged."""

Again = Callable[[datetime], Awaitable[Lived]]
"""Runs up to a moment with other data after it."""


@attrs.frozen(kw_only=True)
class LookAhead:
    """A check that found nothing: at these moments (UTC), comparing so many cycles."""

    moments: tuple[datetime, ...]
    cycles: int


def moments_of(log: CycleLog, last: datetime, count: int = MOST) -> list[datetime]:
    """Choose moments at which somebody decided, by the digest of all decisions; oldest first.

    After `last` nothing comes that could be exchanged.
    """
    decided = {mark.time for mark in log.marks if mark.time <= last}
    if len(decided) < count:
        decided |= {time for time in log.held if time <= last}
    times = sorted(decided)
    chance = random.Random(log.digest())
    return sorted(chance.sample(times, min(count, len(times))))


async def check(
    log: CycleLog,
    again: Again,
    *,
    seen: Mapping[SeriesKey, SeriesMarks],
    moments: Sequence[datetime],
    progress: Callable[[int], object] = lambda _: None,
) -> LookAhead:
    """Run up to each moment with other data after it, and compare all cycles until then.

    Args:
        log: of the first run.
        again: runs once more.
        seen: all series of the first run.
        moments: as `moments_of` gives them.
        progress: told how many are done.

    Raises:
        LookAheadError: something differs; says who, when and what. Or a rule did not hold in a
            cycle for which it had said so.
    """
    compared = 0
    for number, moment in enumerate(moments):
        lived = await again(moment)
        if lived.is_word_broken:
            raise LookAheadError(lived.error, hints=("no report is written",))
        _compare_series(moment, seen, lived.seen)
        _compare_transfers(moment, log.transfers, lived.log.transfers)
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
    return lived.log.cycles


def _compare_transfers(
    moment: datetime,
    first: Sequence[tuple[datetime, str]],
    second: Sequence[tuple[datetime, str]],
) -> None:
    """Compare every movement of capital, also where nobody decided on what it left."""
    for one, other in zip_longest(first, second):
        times = [each[0] for each in (one, other) if each is not None]
        if min(times) > moment:
            return
        if one != other:
            who = f"a transfer at {min(times):%Y-%m-%d %H:%M:%S} UTC"
            raise _found(moment, who, "how capital is shared out")


def _compare_series(
    moment: datetime,
    first: Mapping[SeriesKey, SeriesMarks],
    second: Mapping[SeriesKey, SeriesMarks],
) -> None:
    """Compare every bar and indicator that was known by a moment, also where nobody decided."""
    for key, marks in first.items():
        differs = marks.differs(second[key], to_ms(moment))
        if differs:
            market, _, symbol, interval = key
            who = f"an indicator of {symbol} on {interval} bars of market {market}"
            raise _found(moment, who, f"what was seen of the market, {differs}")


def _found(moment: datetime, who: str, what: str) -> LookAheadError:
    message = (
        f"look-ahead: {who} depends on later data. With another market after "
        f"{moment:%Y-%m-%d %H:%M:%S} this differs: {what}"
    )
    reads = "an indicator, a prompt, a model or a plugin reads what was not known then"
    other = "something that is drawn anew in every run shows the same way"
    return LookAheadError(message, hints=(f"{reads}: no report is written", other))


def _error(moment: datetime, mark: CycleMark, what: str) -> LookAheadError:
    return _found(moment, f"{mark.trader} at {mark.time:%Y-%m-%d %H:%M:%S} UTC", what)
