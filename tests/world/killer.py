"""Who kills the engine: at a step of its work that is drawn beforehand."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from world.loop import running

STEPS = 150
"""At most how many steps a process lives that is to be killed."""


class Killer:
    """Counts what the engine does, and strikes at a drawn step of it, or a moment after.

    A step is a record that was appended, a disk that was asked and has confirmed, a call to the
    venue that has begun and was answered. `struck` counts at which ones it struck.
    """

    def __init__(self, rng: random.Random) -> None:
        self.struck: Counter[str] = Counter()
        self._rng = rng
        self._left = 0
        self._kill: Callable[[], None] = lambda: None

    def aim(self, kill: Callable[[], None]) -> None:
        """Draw a step at which to kill."""
        self._left, self._kill = self._rng.randrange(1, STEPS), kill

    def rest(self) -> None:
        """Let live what lives."""
        self._left = 0

    def step(self, name: str) -> None:
        """Hear of a step of the engine's."""
        if not self._left:
            return
        self._left -= 1
        if not self._left:
            self.struck[name] += 1
            if self._rng.random() < 0.5:
                self._kill()
            else:
                # On the way there or back.
                running().call_later(self._rng.uniform(0, 0.4), self._kill)
