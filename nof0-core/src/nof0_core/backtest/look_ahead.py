"""Whether anybody in a run has looked into the future: it is run again with another one.

Each time from the beginning: whoever reads ahead may have done so long before the moment, so a run
with another future behind an earlier moment cannot stand for the first part of one behind a later
one, nor can the run itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest

import anyio
import attrs

from nof0_core.backtest.cycle_log import CycleLog, CycleMark
from nof0_core.backtest.peek import LookAheadError
from nof0_core.backtest.repeat import Repeat
from nof0_core.backtest.repeating import Repeating
from nof0_core.backtest.series_marks import SeriesKey, SeriesMarks
from nof0_core.domain.candles import to_ms

MOST = 8
"""Moments at which the future is exchanged."""


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
    again: Repeating,
    *,
    seen: Mapping[SeriesKey, SeriesMarks],
    moments: Sequence[datetime],
    progress: Callable[[int], object] = lambda _: None,
) -> LookAhead | None:
    """Run up to each moment with other data after it, and compare all cycles until then.

    Args:
        log: of the first run.
        again: runs once more, as many at a time as it says.
        seen: all series of the first run.
        moments: as `moments_of` gives them.
        progress: told how many are done.

    Returns:
        What was compared; None if it was stopped.

    Raises:
        LookAheadError: something differs; says who, when and what, of the first moment at which it
            does. Or a rule did not hold in a cycle for which it had said so.
    """
    # The longest first: several at a time end together, and what a plugin keeps of one run is of
    # times at which the data of the next are the same.
    waiting = iter(list(enumerate(moments))[::-1])
    compared: dict[int, int] = {}
    wrong: dict[int, Exception] = {}

    async def work() -> None:
        for number, moment in waiting:
            if wrong and number > min(wrong):
                continue
            try:
                repeat = await again(moment)
                if repeat is None:
                    return
                compared[number] = _compared(moment, log, seen, repeat)
            except Exception as error:  # noqa: BLE001 - that of the first moment is raised
                wrong[number] = error
            progress(len(compared))

    async with anyio.create_task_group() as tasks:
        for _ in range(again.count):
            tasks.start_soon(work)
    if wrong:
        raise wrong[min(wrong)]
    if len(compared) < len(moments):
        return None
    return LookAhead(moments=tuple(moments), cycles=sum(compared.values()))


def _compared(
    moment: datetime, log: CycleLog, seen: Mapping[SeriesKey, SeriesMarks], repeat: Repeat
) -> int:
    """Return how many cycles are the same."""
    if repeat.is_word_broken:
        raise LookAheadError(repeat.error, hints=("no report is written",))
    _compare_series(moment, seen, repeat.seen)
    _compare_transfers(moment, log.transfers, repeat.transfers)
    first, second = log.until(moment), repeat.marks
    for one, other in zip(first, second, strict=False):
        if one != other:
            raise _error(moment, one, one.differing(other))
    if len(first) != len(second):
        mark = (first if len(first) > len(second) else second)[min(len(first), len(second))]
        raise _error(moment, mark, repeat.error or "who decided when")
    return repeat.cycles


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
