"""How long ago something was, in days of which the account saw something."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

DAYS = 30
"""For how many days of its life the venue remembers everything."""
FLOOR = 2000
"""How many ended orders, executions and funding payments it remembers however old they are."""
_DAY_MS = 86_400_000


class Days:
    """When the last days of the account's life began, in ms of the venue's time.

    A day begins with the first call that changed something 24 hours or more after the last one
    began. However long nobody called, that makes one day: who comes back after a pause, and after
    what time brought meanwhile, still finds everything that was there before it.
    """

    def __init__(self, begun: Iterable[int] = ()) -> None:
        self.begun: deque[int] = deque(begun, DAYS + 1)

    def reach(self, at_ms: int) -> int | None:
        """Let a call that changed something end at a time.

        Returns:
            If a day begins with it: the time before which everything may be forgotten. None if
            none begins, or so far none is long enough ago.
        """
        if self.begun and at_ms < self.begun[-1] + _DAY_MS:
            return None
        self.begun.append(at_ms)
        return self.begun[0] if len(self.begun) > DAYS else None
