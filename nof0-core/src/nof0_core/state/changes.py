"""What an event changes in the state, reckoned through before it is written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nof0_core.domain.event import Event
from nof0_core.errors import UnbookableError

Change = Callable[[], None]
"""Puts in place what was reckoned: nothing can go wrong any more."""


def unchanged() -> None:
    """Change nothing."""


def together(changes: Sequence[Change]) -> Change:
    """Return one change that puts several in place, in their order."""
    if not changes:
        return unchanged
    if len(changes) == 1:
        return changes[0]

    def change() -> None:
        for each in changes:
            each()

    return change


def refused(event: Event, problem: str) -> UnbookableError:
    """Make the error of an event that cannot be true."""
    return UnbookableError(f"event {event.seq} ({event.body.type}) cannot be booked: {problem}")
