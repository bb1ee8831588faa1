"""Read, check and describe configuration.

Importing this package is cheap: YAML and cattrs are imported when something is loaded. Plugin
authors need `nof0_core.config.fields` only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nof0_core.config.loading import load
    from nof0_core.config.schema import FieldSchema, schema_of

__all__ = ["FieldSchema", "load", "schema_of"]

_HOMES = {
    "load": "nof0_core.config.loading",
    "schema_of": "nof0_core.config.schema",
    "FieldSchema": "nof0_core.config.schema",
}


def __getattr__(name: str) -> object:
    """Import what was asked for on first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
