"""Doing something now and then while something else goes on."""

from __future__ import annotations

from nof0_core.clock import stopwatch


class Pacer:
    """Lets something happen at most once per so many seconds of real time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = stopwatch()

    def is_due(self) -> bool:
        """Return whether it is time again, and start counting anew if so."""
        now = stopwatch()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True
