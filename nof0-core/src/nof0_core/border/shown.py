"""Copies of what a plugin is shown: whatever it does to them reaches nobody else."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar

import attrs
import numpy as np

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
_IMMUTABLE = (type(None), bool, int, float, str, bytes, Decimal, date, timedelta, Enum)
_COMMON = frozenset({type(None), bool, int, float, str, Decimal, datetime, timedelta})


class Copies(Mapping[K, V]):
    """A mapping that can only be read; each value is copied when it is first looked at."""

    __slots__ = ("_made", "_make")

    def __init__(self, keys: tuple[K, ...], make: Callable[[K], V]) -> None:
        """Take the keys and what copies the value of one."""
        self._make = make
        self._made: dict[K, V | _NotYet] = dict.fromkeys(keys, _NOT_YET)

    def __getitem__(self, key: K) -> V:
        value = self._made[key]
        if isinstance(value, _NotYet):
            value = self._made[key] = self._make(key)
        return value

    def __iter__(self) -> Iterator[K]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def __repr__(self) -> str:
        return repr(dict(self))


class _NotYet:
    pass


_NOT_YET = _NotYet()


class Copier:
    """Copies values, and whatever is in them, down to the numbers and texts.

    What has been copied once comes as the same copy again, so that everything a plugin is shown in
    one go is copied once. Mappings that can only be read come as such, and what is in them is
    copied when it is looked at: a market has a hundred series of which most plugins read few. A
    `dict` comes as one of its own.
    """

    def __init__(self) -> None:
        # The originals are kept, too: an id is good only for as long as its object lives.
        self._known: dict[int, tuple[object, Any]] = {}

    def __call__(self, value: T) -> T:
        """Return a copy that shares nothing that can change.

        Raises:
            Exception: a value of a foreign class cannot be copied.
        """
        if type(value) in _COMMON or isinstance(value, _IMMUTABLE):
            return value
        found = self._known.get(id(value))
        if found is None:
            found = self._known[id(value)] = (value, self._copied(value))
        made: T = found[1]
        return made

    def _copied(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            # Of immutable bytes, as the original; a view would lead to it through `base`.
            return np.frombuffer(value.tobytes(), dtype=value.dtype).reshape(value.shape)
        if type(value) is dict:
            return {self(key): self(inner) for key, inner in value.items()}
        if isinstance(value, Mapping):
            originals = {self(key): key for key in value}
            return Copies(tuple(originals), lambda key: self(value[originals[key]]))
        if type(value) in (tuple, list, set, frozenset):
            return type(value)(self(inner) for inner in value)
        kind: Any = type(value)
        if attrs.has(kind):
            made = object.__new__(kind)
            for name in _fields(kind):
                object.__setattr__(made, name, self(getattr(value, name)))
            return made
        return copy.deepcopy(value)


@cache
def _fields(kind: type[attrs.AttrsInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(kind))
