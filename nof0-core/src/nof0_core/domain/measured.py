"""What a run measures of itself: numbers that depend on the machine and are never events."""

from __future__ import annotations

from enum import StrEnum

import attrs


@attrs.frozen(kw_only=True)
class CallTimes:
    """All calls of one verb to one provider since the start, in real seconds.

    `family` is `market` or `exchange`, `section` the name in its file. `counts` are the calls that
    took at most the seconds in `bounds` (ascending) and more than those before; its last number,
    which has no bound, is of those that took longer. Of all of them `late` struck their time limit
    and `failed` ended in another error.
    """

    family: str
    section: str
    verb: str
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    seconds: float
    late: int
    failed: int

    @property
    def count(self) -> int:
        """Return how many calls there were."""
        return sum(self.counts)


@attrs.frozen(kw_only=True)
class StageTimes:
    """How long a stage of decision cycles took since the start, in real seconds.

    `stage` is `market` (to have what traders see), `model` (prompt and answer), `decision` (model,
    parsing and risk checks) or `orders` (to carry out what was approved). `bounds` and `counts` are
    as in `CallTimes`; `failed` are those that raised.
    """

    stage: str
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    seconds: float
    failed: int = 0


class Trouble(StrEnum):
    """What may be wrong with a duty.

    FAILED: something in it raised. LEFT_OUT: it was due while it still went on. HANGING: it was due
    again twice, and still goes on.
    """

    FAILED = "failed"
    LEFT_OUT = "left_out"
    HANGING = "hanging"


@attrs.frozen(kw_only=True)
class DutyTrouble:
    """How often a duty of the engine (`sync`, `cycle`, `hour` …) had a trouble since the start."""

    duty: str
    trouble: Trouble
    count: int


@attrs.frozen(kw_only=True)
class ExporterState:
    """How an exporter (a section) is: so many events `behind`, so many `failures` since the start.

    `trouble` says why it is in quarantine; empty: it is not.
    """

    exporter: str
    behind: int
    failures: int = 0
    trouble: str = ""


@attrs.frozen(kw_only=True)
class LoopBlocks:
    """How often the event loop stood still for a second or more, and the longest time (seconds)."""

    count: int = 0
    longest: float = 0.0


NO_BLOCKS = LoopBlocks()
