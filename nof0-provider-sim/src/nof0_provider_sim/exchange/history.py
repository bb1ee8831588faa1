"""What happened: the newest at hand, older things as text, the oldest gone."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from typing import Generic, TypeVar

from nof0_core.domain.candles import from_ms, to_ms
from nof0_provider_sim.exchange.parts import Part
from nof0_provider_sim.exchange.rows import Kind

T = TypeVar("T")
AT_HAND = 256
"""How many of the newest are kept as objects, at least; up to twice as many."""
MONTH_AT_HAND = 4096
"""Up to so many are where no file is written, so that nearly nothing is ever made text."""


class History(Generic[T]):
    """Things of one kind, oldest first, counted from the beginning of the account's life."""

    def __init__(self, kind: Kind[T], at_most: int) -> None:
        """Begin with none; from `at_most` objects on all but the newest become rows."""
        self._kind = kind
        self._at_most = at_most
        self.gone = 0
        self.expected = 0
        self._times = array("q")
        # Up to `_packed` as rows, from there on as they are.
        self._items: list[T | bytes] = []
        self._packed = 0

    def __len__(self) -> int:
        """Return how many are known."""
        return len(self._items)

    @property
    def count(self) -> int:
        """Return how many there have been."""
        return self.gone + len(self._items)

    def add(self, item: T, at_ms: int) -> None:
        """Remember one; it is not older than any before."""
        self._times.append(at_ms)
        self._items.append(item)
        if len(self._items) - self._packed >= self._at_most:
            self._pack(len(self._items) - AT_HAND)

    def expect(self, *, gone: int, kept: int) -> None:
        """Say how many were forgotten, and how many rows are to be restored."""
        self.gone, self.expected = gone, kept

    def restore(self, line: bytes, row: Part) -> None:
        """Remember one again by its row.

        Raises:
            ValueError: it is no such row, or not the next one; says which key.
        """
        after_ms = self._times[-1] if self._times else 0
        self._times.append(self._kind.place(row, after_ms=after_ms, number=self.count + 1))
        is_new = len(self._items) >= self.expected - AT_HAND
        self._items.append(self._kind.from_plain(row) if is_new else line)
        self._packed += not is_new

    def after(self, count: int) -> list[T]:
        """Return all but the first `count` of all there have been, as far as they are known."""
        return self._from(max(0, count - self.gone))

    def since(self, moment: datetime) -> list[T]:
        """Return those at or after a time, as far as they are known."""
        at_ms = to_ms(moment)
        return self._from(bisect_left(self._times, at_ms + (from_ms(at_ms) < moment)))

    def backwards(self) -> Iterator[T]:
        """Iterate over all that are known, newest first."""
        for item in reversed(self._items):
            yield self._kind.parse(item) if isinstance(item, bytes) else item

    def forget(self, before_ms: int, keep: int) -> None:
        """Let those go that are older than a time, except the newest `keep`."""
        going = min(bisect_left(self._times, before_ms), len(self._items) - keep)
        if going <= 0:
            return
        del self._items[:going]
        del self._times[:going]
        self._packed = max(0, self._packed - going)
        self.gone += going

    def rows(self) -> Iterator[bytes]:
        """Iterate over the rows of all that are known."""
        return map(self._row, self._items)

    def _pack(self, end: int) -> None:
        for at in range(self._packed, end):
            self._items[at] = self._row(self._items[at])
        self._packed = max(self._packed, end)

    def _row(self, item: T | bytes) -> bytes:
        return item if isinstance(item, bytes) else self._kind.write(item)

    def _from(self, start: int) -> list[T]:
        if start >= len(self._items):
            return []
        parse = self._kind.parse
        return [parse(item) if isinstance(item, bytes) else item for item in self._items[start:]]
