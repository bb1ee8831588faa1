"""Values that differ from others in a few fields."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

import attrs

T = TypeVar("T", bound=attrs.AttrsInstance)


def evolved(value: T, **changes: object) -> T:
    """Return a value with some fields changed: `attrs.evolve` at little more than half its cost.

    For classes that are made anew with every cycle. All their fields are arguments.
    """
    names, read = _fields(type(value))
    values = dict(zip(names, read(value), strict=True))
    values.update(changes)
    return type(value)(**values)


@cache
def _fields(kind: type[attrs.AttrsInstance]) -> tuple[tuple[str, ...], Callable[[object], Any]]:
    fields = attrs.fields(kind)
    read = attrgetter(*[field.name for field in fields])
    names = tuple([field.alias or field.name for field in fields])
    return names, read if len(names) > 1 else lambda value: (read(value),)
