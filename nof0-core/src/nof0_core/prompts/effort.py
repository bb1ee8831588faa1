"""What one rendering of a template may take."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sized
from decimal import Decimal
from typing import Any, TypeVar

from nof0_core.prompts.view import View

MAX_SIZE = 200_000
"""Characters and items that a text or a list may have with all that is inside of it."""
MAX_MADE = 2_000_000
"""Characters and items that may be made and gone through in one rendering."""
MAX_DIGITS = 999
"""Digits before or after the point that a decimal number may have, zeros included."""
MAX_STEPS = 100_000
"""Steps of loops, calls of macros and uses of filters in one rendering."""

_NUMBER = 1
_VIEW = 100
"""What a view counts for: there are only so many, and none is made by a template."""
_ITEMS: dict[str, object] = {}
_CONTAINERS: tuple[type[Collection[object]], ...] = (
    *(list, tuple, dict, set, frozenset),
    *map(type, (_ITEMS.keys(), _ITEMS.values(), _ITEMS.items())),
)

_T = TypeVar("_T")


class TooMuchError(Exception):
    """A template went over one of the limits; the text says which."""


class Effort:
    """Counts what a rendering does; what cannot be stopped halfway is refused before it begins."""

    __slots__ = ("_made", "_steps")

    def __init__(self) -> None:
        """Begin with everything left."""
        self._made = MAX_MADE
        self._steps = MAX_STEPS

    def step(self, count: int = 1) -> None:
        """Count steps.

        Raises:
            TooMuchError: there are too many.
        """
        self._steps -= count
        if self._steps < 0:
            message = f"its loops, macros and filters take more than {MAX_STEPS} steps together"
            raise TooMuchError(message)

    def steps(self, items: Any) -> Any:
        """Return what a loop goes through; each item is counted as a step.

        Raises:
            TooMuchError: there are too many.
        """
        if type(items) in (list, tuple) or isinstance(items, Sized):
            self.step(len(items))
            return items
        return self._counted(items)

    def look(self, value: object) -> None:
        """Count what it takes to go through a value once.

        Raises:
            TooMuchError: that is too much.
        """
        if isinstance(value, str):
            # Sixteen characters are as quickly gone through as one item.
            self.take(len(value) >> 4)
        elif isinstance(value, _CONTAINERS) and not isinstance(value, View):
            self.take(len(value))

    def looked(self, value: _T) -> _T:
        """Return a value after `look`."""
        self.look(value)
        return value

    def kept(self, value: _T) -> _T:
        """Return a value that was made, after it was counted.

        Raises:
            TooMuchError: it is too large, or all that was made is.
        """
        self.take(len(value) if isinstance(value, str) else size_of(value))
        return value

    def kept_in_namespace(self, value: _T) -> _T:
        """Return a value that is put into a namespace, after it was counted.

        Raises:
            TooMuchError: it is too large, or a namespace itself.
        """
        self.take(size_of([value]))
        return value

    def take(self, size: int) -> None:
        """Count so many characters and items.

        Raises:
            TooMuchError: these or all together are too many.
        """
        if size > MAX_SIZE:
            check_size(size)
        self._made -= size
        if self._made < 0:
            message = f"it makes more than {MAX_MADE} characters and items together"
            raise TooMuchError(message)

    def _counted(self, items: Iterable[_T]) -> Iterator[_T]:
        for item in items:
            self.step()
            yield item


class Pieces(list[str]):
    """The output of a macro, a block or a variable while it is put together."""

    __slots__ = ("_effort",)

    def __init__(self, effort: Effort) -> None:
        """Begin; `effort` counts the characters."""
        super().__init__()
        self._effort = effort

    def append(self, piece: str) -> None:
        """Add a piece."""
        self._effort.take(len(piece))
        super().append(piece)

    def extend(self, pieces: Iterable[str]) -> None:
        """Add pieces."""
        for piece in pieces:
            self.append(piece)


def check_size(size: int) -> None:
    """Refuse a text or list before it is made.

    Raises:
        TooMuchError: it would have too many characters and items.
    """
    if size > MAX_SIZE:
        message = f"a text or list in it has more than {MAX_SIZE} characters and items"
        raise TooMuchError(message)


def size_of(value: object) -> int:
    """Return how many characters and items a value has, with all that is inside of it.

    What stands in it twice counts twice: it is written twice, too.

    Raises:
        TooMuchError: there are too many, or a namespace is inside, which may grow at any time.
    """
    size, under_way = 0, [value]
    while under_way:
        each = under_way.pop()
        if isinstance(each, str | bytes):
            size += len(each) + 1
        elif isinstance(each, View):
            size += _VIEW
        elif isinstance(each, int):
            size += _NUMBER + each.bit_length() // 8
        elif isinstance(each, Decimal):
            size += _NUMBER
            if each.is_finite() and abs(each.adjusted()) > MAX_DIGITS:
                message = f"a number has more than {MAX_DIGITS} digits"
                raise TooMuchError(message)
        elif isinstance(each, _CONTAINERS):
            size += len(each) + 1
            check_size(size)
            under_way.extend(_inside(each))
        else:
            size += _NUMBER
            if each is not value and _is_namespace(each):
                message = "a namespace cannot be kept inside of something else"
                raise TooMuchError(message)
        check_size(size)
    return size


def _inside(container: Iterable[object]) -> Iterable[object]:
    if isinstance(container, dict):
        return (*container.keys(), *container.values())
    return container


def _is_namespace(value: object) -> bool:
    from jinja2.utils import Namespace

    # It answers questions about its class like any other.
    return isinstance(value, Namespace)
