"""Mappings inside values that many look at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nof0_core.ids import Symbol


def read_only(mapping: Mapping[Symbol, Any]) -> Mapping[Symbol, Any]:
    """Return a view of a mapping by symbol through which it cannot be changed."""
    return MappingProxyType(mapping)


def unwrapped(value: Any) -> dict[Any, Any]:
    """Return a mapping made by `read_only` as a dict, for encoders that know no other.

    Raises:
        NotImplementedError: it is something else.
    """
    if isinstance(value, MappingProxyType):
        return dict(value)
    message = f"a {type(value).__name__} cannot be written"
    raise NotImplementedError(message)
