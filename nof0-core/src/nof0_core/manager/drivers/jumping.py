"""Time that stands still while work is done, and leaves out what nothing can happen in."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from nof0_core.manager.drivers.lockstep import Lockstep
from nof0_core.state.durability import Durability
from nof0_core.tempo import PAST


class Ahead(Protocol):
    """Knows what is to come, and sets timers to the next moment at which something may happen."""

    def arrive(self, now: datetime) -> None:
        """Take note of what was left out before this moment (UTC)."""

    def leave(self, now: datetime) -> None:
        """Let timers be due later where nothing can happen before; all was done at this moment."""


class Jumping(Lockstep):
    """A lockstep driver whose timers somebody sets ahead; without `ahead` it is just that."""

    tempo = PAST
    durability = Durability.MOMENT
    ahead: Ahead | None = None

    def _arrive(self, now: datetime) -> None:
        if self.ahead is not None:
            self.ahead.arrive(now)

    def _leave(self, now: datetime) -> None:
        if self.ahead is not None:
            self.ahead.leave(now)
