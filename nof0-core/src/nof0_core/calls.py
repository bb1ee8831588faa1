"""Calls to providers: which are under way, which of them hang, and how long those before took."""

from __future__ import annotations

from bisect import bisect_left
from typing import Self

import anyio
import attrs

from nof0_core.cancellation import is_cancelled
from nof0_core.clock import stopwatch

OVERDUE = 60.0
"""After so many seconds of real time a call that nothing limits is said to hang."""
BOUNDS = (0.01, 0.1, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0)
"""Seconds up to which calls are counted together; the last count is of those that took longer."""


@attrs.define(eq=False)
class Timing:
    """The calls of one verb that have ended: how many took how long, and how many failed.

    `counts` belongs to `BOUNDS` and is one longer; `seconds` is all time together. Calls that
    struck their limit are `late`; `failed` are those that raised anything else. One that whoever
    asked gave up is counted and is neither.
    """

    counts: list[int] = attrs.field(factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0
    late: int = 0
    failed: int = 0

    def count(self, took: float) -> None:
        """Count one that took so many seconds."""
        self.counts[bisect_left(BOUNDS, took)] += 1
        self.seconds += took


class _Call:
    """One call; `is_late` is set by who ends it because of its limit."""

    __slots__ = ("_owner", "is_late", "verb")

    def __init__(self, owner: CallsUnderWay, verb: str) -> None:
        self._owner = owner
        self.verb = verb
        self.is_late = False

    def __enter__(self) -> Self:
        self._owner.begun[self] = stopwatch()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        owner = self._owner
        took = stopwatch() - owner.begun.pop(self)
        timing = owner.timing(self.verb)
        timing.count(took)
        if self.is_late:
            timing.late += 1
        elif error is not None and not _is_given_up(error):
            timing.failed += 1


class CallsUnderWay:
    """What is being asked of one provider, and what was; `owner` names its section in sentences.

    Seconds are real ones on every clock: they depend on the machine, and no result may on them.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self.begun: dict[_Call, float] = {}
        self.timings: dict[str, Timing] = {}

    def of(self, verb: str) -> _Call:
        """Count a call for as long as it takes, in a `with` statement."""
        return _Call(self, verb)

    def timing(self, verb: str) -> Timing:
        """Return what is counted of a verb; nothing so far, where it is new."""
        found = self.timings.get(verb)
        if found is None:
            found = self.timings[verb] = Timing()
        return found

    def overdue(self, now: float) -> str:
        """Name a call that has run longer than `OVERDUE` at `now` (`stopwatch`), "" if none has."""
        for call, began in self.begun.items():
            if now - began > OVERDUE:
                return f"{self._owner}: {call.verb} has not answered for {OVERDUE:g} s"
        return ""


def _is_given_up(error: BaseException) -> bool:
    """Tell whether a call was ended by whoever asked, not by the provider."""
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        return True
    return isinstance(error, anyio.get_cancelled_exc_class()) and is_cancelled()
