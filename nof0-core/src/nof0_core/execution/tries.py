"""How often, how soon and at what price a close that has to be is tried."""

from __future__ import annotations

from decimal import Decimal

import anyio
import attrs

from nof0_core.execution.exits import PositionKey, key_of
from nof0_core.ledger import Position

CAPS_BPS = (Decimal(200), Decimal(400), Decimal(800), Decimal(1000))
"""How far from the mark the first, second, third and every later try may fill."""
APART = 2.0
"""Real seconds from the answer to a try, or its limit, to the next one."""


@attrs.define(kw_only=True)
class Try:
    """Tries so far; the next may be made at `next_at` (event loop's time) and after `round`."""

    count: int = 0
    next_at: float = 0.0
    round: int = -1


class Tries:
    """Counts the forced closes of each position.

    The next try is made `by_round`, in the next one (there is one for each sync), or else `APART`
    after the last.
    """

    def __init__(self, *, by_round: bool) -> None:
        self.round = 0
        self._by_round = by_round
        self._tries: dict[PositionKey, Try] = {}

    @property
    def is_any(self) -> bool:
        """Tell whether a position that is to be closed was tried before."""
        return bool(self._tries)

    def may(self, position: Position) -> bool:
        """Tell whether a position may be tried to be closed now."""
        done = self._tries.get(key_of(position))
        if done is None:
            return True
        return self.round > done.round if self._by_round else anyio.current_time() >= done.next_at

    def cap(self, position: Position) -> Decimal:
        """Return how far from the mark the next try may fill, in bps."""
        return CAPS_BPS[min(self.count(position), len(CAPS_BPS) - 1)]

    def count(self, position: Position) -> int:
        """Return how many tries were made."""
        done = self._tries.get(key_of(position))
        return done.count if done is not None else 0

    def begin(self, position: Position) -> None:
        """Count a try that is made now."""
        done = self._tries.setdefault(key_of(position), Try())
        done.count += 1
        done.round = self.round
        self.answered(position)

    def answered(self, position: Position) -> None:
        """Let the time to the next try begin now."""
        done = self._tries.get(key_of(position))
        if done is not None:
            done.next_at = anyio.current_time() + APART

    def forget_all_but(self, positions: tuple[Position, ...]) -> None:
        """Forget the tries of positions that are gone."""
        if self._tries:
            keep = {key_of(position) for position in positions}
            self._tries = {key: done for key, done in self._tries.items() if key in keep}
