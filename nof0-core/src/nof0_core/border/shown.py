"""Copies of what a plugin is shown: whatever it does to them reaches nobody else."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeVar

import attrs
import numpy as np

T = TypeVar("T")
_IMMUTABLE = (type(None), bool, int, float, str, bytes, Decimal, date, timedelta, Enum)


class Copier:
    """Copies values, and whatever is in them, down to the numbers and texts.

    What has been copied once comes as the same copy again, so that everything a plugin is shown in
    one go is copied once. Mappings that can only be read come as such, a `dict` as one of its own.
    """

    def __init__(self) -> None:
        # The originals are kept, too: an id is good only for as long as its object lives.
        self._known: dict[int, tuple[object, Any]] = {}

    def __call__(self, value: T) -> T:
        """Return a copy that shares nothing that can change.

        Raises:
            Exception: a value of a foreign class cannot be copied.
        """
        if isinstance(value, _IMMUTABLE):
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
            return MappingProxyType({self(key): self(inner) for key, inner in value.items()})
        if type(value) in (tuple, list, set, frozenset):
            return type(value)(self(inner) for inner in value)
        if attrs.has(type(value)):
            made = object.__new__(type(value))
            for field in attrs.fields(type(value)):
                object.__setattr__(made, field.name, self(getattr(value, field.name)))
            return made
        return copy.deepcopy(value)
