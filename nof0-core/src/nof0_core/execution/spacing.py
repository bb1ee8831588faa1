"""What came to nothing and may wait: when it is tried again."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from typing import Generic, TypeVar

import anyio
import attrs

Key = TypeVar("Key", bound=Hashable)


@attrs.define
class _Try:
    next_at: float
    gap: int


class Spacing(Generic[Key]):
    """Remembers tries by key: further ones come after 1, 2, 4 … `longest` real seconds or syncs.

    Syncs are counted where tries go `by_round`; else the second try may be made at once. What is
    asked of a venue with every look is taken from what it allows for orders.
    """

    def __init__(self, *, by_round: bool, longest: int) -> None:
        self._by_round = by_round
        self._longest = longest
        self._first = 1 if by_round else 0
        self._round = 0
        self._tries: dict[Key, _Try] = {}

    def begin_round(self) -> None:
        """Let a sync begin."""
        self._round += 1

    def take(self, keys: Iterable[Key]) -> list[Key]:
        """Return those that may be tried now, and count that as a try."""
        now = self._round if self._by_round else anyio.current_time()
        due = []
        for key in keys:
            last = self._tries.get(key)
            if last is None:
                self._tries[key] = _Try(now + self._first, self._first)
            elif now >= last.next_at:
                last.gap = min(max(1, 2 * last.gap), self._longest)
                last.next_at = now + last.gap
            else:
                continue
            due.append(key)
        return due

    def forget(self, key: Key) -> None:
        """Let the next try of a key be its first."""
        self._tries.pop(key, None)

    def forget_all_but(self, keys: Collection[Key]) -> None:
        """Forget what there is nothing to try of any more."""
        if self._tries:
            self._tries = {key: tried for key, tried in self._tries.items() if key in keys}
