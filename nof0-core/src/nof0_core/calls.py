"""Calls to providers that are under way, and which of them hang."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nof0_core.clock import stopwatch

OVERDUE = 60.0
"""After so many seconds of real time a call that nothing limits is said to hang."""


class CallsUnderWay:
    """What is being asked of one provider; `owner` names its section in sentences."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._begun: dict[object, tuple[str, float]] = {}

    @contextmanager
    def of(self, verb: str) -> Iterator[None]:
        """Count a call for as long as it takes."""
        key = object()
        self._begun[key] = verb, stopwatch()
        try:
            yield
        finally:
            del self._begun[key]

    def overdue(self, now: float) -> str:
        """Name a call that has run longer than `OVERDUE` at `now` (`stopwatch`), "" if none has."""
        for verb, began in self._begun.values():
            if now - began > OVERDUE:
                return f"{self._owner}: {verb} has not answered for {OVERDUE:g} s"
        return ""
