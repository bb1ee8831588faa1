"""What ill will does to values it is shown, and how to tell that nothing came of it."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

import attrs
import numpy as np

from nof0_core.border.shown import Copies
from nof0_core.indicators.window import Window

OTHERS = {int: 7, float: 7.0, str: "changed", Decimal: Decimal(9999), bool: True}


def everything(value, seen):
    """Yield each object reachable from a value that can be changed in some way."""
    if id(value) in seen or isinstance(value, type):
        return
    seen[id(value)] = value
    yield value
    if attrs.has(type(value)):
        inside = [getattr(value, f.name) for f in attrs.fields(type(value))]
    elif isinstance(value, MappingProxyType):
        inside = gc.get_referents(value)  # the mapping behind, as ill will finds it
    elif isinstance(value, Copies):
        inside = [dict(value), value._made]  # first looked at, as whoever wants to change it does
    elif isinstance(value, Mapping):
        inside = list(value.values())
        inside += [value.arrays] if isinstance(value, Window) else []
    elif isinstance(value, np.ndarray):
        inside = [value.base]
    else:
        inside = list(value) if isinstance(value, list | tuple | set | frozenset) else []
    for one in inside:
        yield from everything(one, seen)


def spoil(value):
    """Change all that can be changed."""
    for one in list(everything(value, {})):
        if attrs.has(type(one)):
            for field in attrs.fields(type(one)):
                other = OTHERS.get(type(getattr(one, field.name)))
                if other is not None:
                    object.__setattr__(one, field.name, other)
        elif isinstance(one, dict | list | set):
            one.clear()
        elif isinstance(one, np.ndarray):
            with contextlib.suppress(ValueError):
                one.flags.writeable = True
                one[:] = 1
            with contextlib.suppress(ValueError, AttributeError):
                one.shape = (1, *one.shape)


def picture(value):
    """Write down all of a value."""
    if attrs.has(type(value)):
        names = [f.name for f in attrs.fields(type(value)) if f.name != "_seal"]
        return {name: picture(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {key: picture(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return (value.shape, value.tolist())
    if isinstance(value, list | tuple):
        return [picture(inner) for inner in value]
    return value
