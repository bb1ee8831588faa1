"""Mappings inside values that many look at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from nof0_core.ids import Symbol


def read_only(mapping: Mapping[Symbol, Any]) -> Mapping[Symbol, Any]:
    """Return a view of a mapping by symbol through which it cannot be changed."""
    return MappingProxyType(mapping)
