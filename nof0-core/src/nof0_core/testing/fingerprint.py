"""Whether somebody changed what they were only shown."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import attrs
import msgspec
import numpy as np


def fingerprint(value: Any) -> object:
    """Return all that a value holds, down to the numbers in its arrays, to be compared later.

    Two fingerprints are equal if nothing in between was changed, added, removed or replaced by
    something that only looks alike (1.0 for 1).
    """
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, msgspec.Raw):
        return bytes(value)
    if attrs.has(type(value)):
        names = [field.name for field in attrs.fields(type(value))]
        parts = tuple((name, fingerprint(getattr(value, name))) for name in names)
        return (type(value).__qualname__, parts)
    if isinstance(value, Mapping):
        return (
            "mapping",
            tuple((fingerprint(key), fingerprint(each)) for key, each in value.items()),
        )
    if isinstance(value, list | tuple):
        return (type(value).__name__, tuple(fingerprint(each) for each in value))
    if isinstance(value, AbstractSet):
        return ("set", frozenset(map(repr, value)))
    return repr(value)
