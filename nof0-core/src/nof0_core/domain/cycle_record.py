"""One cycle of the two records of one that orders."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from nof0_core.domain.event import CycleEnded, Decided, Event
from nof0_core.ids import TraderId

_SAID = (
    "parameters",
    "prompt_digest",
    "template_versions",
    "messages",
    "prompt_cut",
    "answer",
    "chain_of_thought",
    "usage",
    "calls",
    "judgements",
)
"""What only `Decided` has."""


def joined(decided: Decided, ended: CycleEnded) -> CycleEnded:
    """Return the record of the whole cycle; joining again changes nothing."""
    return attrs.evolve(ended, **{name: getattr(decided, name) for name in _SAID})


class CycleJoiner:
    """Makes one record of two for who reads events in their order.

    Keeps the newest `Decided` of each trader until its cycle has ended. `find` is asked for the
    record of a number where reading began between the two; without it such a cycle stays as it is.
    """

    def __init__(self, find: Callable[[int], Event | None] = lambda _: None) -> None:
        self._find = find
        self._open: dict[TraderId, Event] = {}

    @property
    def open(self) -> tuple[Event, ...]:
        """Return the decisions whose cycles have not ended, oldest first."""
        return tuple(sorted(self._open.values(), key=lambda event: event.seq))

    def joined(self, event: Event) -> Event:
        """Return the event, a cycle with all that was said in it, and go on to the next."""
        whole = self.peek(event)
        self.take(event)
        return whole

    def peek(self, event: Event) -> Event:
        """Return what `joined` would, and stay where we are."""
        body = event.body
        if isinstance(body, CycleEnded) and body.decided is not None:
            decided = self._open.get(body.trader)
            if decided is None or decided.seq != body.decided:
                decided = self._find(body.decided)
            if decided is not None and isinstance(decided.body, Decided):
                return attrs.evolve(event, body=joined(decided.body, body))
        return event

    def take(self, event: Event) -> None:
        """Go on behind an event."""
        body = event.body
        if isinstance(body, Decided):
            self._open[body.trader] = event
        elif isinstance(body, CycleEnded) and body.decided is not None:
            decided = self._open.get(body.trader)
            if decided is not None and decided.seq == body.decided:
                del self._open[body.trader]
