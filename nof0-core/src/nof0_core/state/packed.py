"""Histories that grow for years, kept as bytes: what is read is made anew for who reads it."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

import attrs

T = TypeVar("T")


@attrs.frozen
class Form(Generic[T]):
    """How one entry becomes bytes and comes back equal."""

    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]


class PackedList(Generic[T]):
    """Entries one after the other in one stretch of bytes; entries are added, the last replaced.

    A tenth of what the objects would take, and dumped as it is. `read` gives views: a view is a
    value, it does not change when entries are added.
    """

    __slots__ = ("_bytes", "_ends", "_form", "_view")

    def __init__(self, form: Form[T]) -> None:
        self._form = form
        self._bytes = bytearray()
        self._ends = array("Q")
        self._view: PackedView[T] | None = None

    def __len__(self) -> int:
        return len(self._ends)

    def pack(self, item: T) -> bytes:
        """Return an entry as it is added; only this can fail."""
        return self._form.pack(item)

    def append(self, packed: bytes) -> None:
        """Add an entry."""
        self._bytes += packed
        self._ends.append(len(self._bytes))
        self._view = None

    def extend(self, packed: Iterable[bytes]) -> None:
        """Add many entries."""
        end = len(self._bytes)
        for entry in (entries := list(packed)):
            end += len(entry)
            self._ends.append(end)
        self._bytes += b"".join(entries)
        self._view = None

    def replace_last(self, packed: bytes) -> None:
        """Put an entry in the place of the newest one; views that have that one keep it."""
        ends = self._ends[:-1]
        # Views look into the old bytes; they go on doing so.
        self._bytes = self._bytes[: ends[-1] if ends else 0]
        self._ends = ends
        self.append(packed)

    def read(self) -> PackedView[T]:
        """Return all entries, oldest first; between two additions that is the same object."""
        if self._view is None:
            self._view = PackedView(self._form, self._bytes, self._ends, len(self._ends))
        return self._view

    def dump(self) -> tuple[bytes, bytes]:
        """Return the entries, and where each ends (8 bytes each, little-endian)."""
        return bytes(self._bytes), _little(self._ends).tobytes()

    def load(self, entries: bytes, ends: bytes) -> None:
        """Take over what `dump` has returned.

        Raises:
            ValueError: the ends are none of these entries.
        """
        found = array("Q")
        found.frombytes(ends)
        found = _little(found)
        if (found[-1] if found else 0) != len(entries):
            message = "the entries do not end where they should"
            raise ValueError(message)
        self._bytes, self._ends, self._view = bytearray(entries), found, None


class PackedView(Sequence[T]):
    """The first entries of a `PackedList`, each made anew when it is looked at."""

    __slots__ = ("_bytes", "_ends", "_form", "_size")

    def __init__(self, form: Form[T], entries: bytearray, ends: Sequence[int], size: int) -> None:
        self._form = form
        self._bytes = entries
        self._ends = ends
        self._size = size

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if isinstance(index, slice):
            return tuple([self._at(each) for each in range(*index.indices(self._size))])
        position = index + self._size if index < 0 else index
        if not 0 <= position < self._size:
            message = f"there are {self._size} entries"
            raise IndexError(message)
        return self._at(position)

    def __iter__(self) -> Iterator[T]:
        return map(self._at, range(self._size))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PackedView | tuple | list):
            return NotImplemented
        return self._size == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as long as the entries, and rarely wanted

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _at(self, position: int) -> T:
        start = self._ends[position - 1] if position else 0
        return self._form.unpack(bytes(self._bytes[start : self._ends[position]]))


def _little(ends: array[int]) -> array[int]:
    """Turn numbers around on a machine that has the highest byte first."""
    if sys.byteorder == "big":
        ends = ends[:]
        ends.byteswap()
    return ends
