"""The halt as it is shown and decided on: looked at once per moment, not by everybody."""

from __future__ import annotations

from datetime import datetime, timedelta

from nof0_core.clock import Clock
from nof0_core.manager.requests.halt import Halt, HaltSwitch

SERVES = timedelta(seconds=1)
"""How long a look serves where time runs by itself: as often is listened to what people ask for."""


class HaltWatch:
    """Remembers the last look at the marker.

    What sends an order looks itself, with `look`; what is shown, and what a model is told, is what
    was seen at this moment: until time moves on or, where answers are shared, for a second.
    """

    def __init__(self, switch: HaltSwitch, clock: Clock, *, shares_answers: bool) -> None:
        self._switch = switch
        self._clock = clock
        self._serves = SERVES if shares_answers else timedelta(0)
        self._seen: Halt | None = None
        self._seen_at: datetime | None = None

    def look(self) -> Halt | None:
        """Return the halt in force now, None if there is none."""
        self._seen_at = self._clock.now()
        self._seen = self._switch.read()
        return self._seen

    def shown(self) -> Halt | None:
        """Return the halt as it was at the last look, which is of this moment."""
        at = self._seen_at
        # What is from later than now was seen before the clock was set back.
        if at is None or not at <= self._clock.now() <= at + self._serves:
            return self.look()
        return self._seen
