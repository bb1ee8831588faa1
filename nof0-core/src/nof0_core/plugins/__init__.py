"""Find plugins, check what they offer and look it up.

Discovery is nof0's own loop over entry points: pluggy's drops a second entry point of the same name
silently, dies on one broken plugin and accepts misspelled hooks.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nof0_core.plugins.catalog import Catalog, FailedPlugin, LoadedPlugin
    from nof0_core.plugins.discovery import load_plugins
    from nof0_core.plugins.registry import PluginRegistry

__all__ = ["Catalog", "FailedPlugin", "LoadedPlugin", "PluginRegistry", "load_plugins"]

_HOMES = {
    "Catalog": "nof0_core.plugins.catalog",
    "load_plugins": "nof0_core.plugins.discovery",
    "FailedPlugin": "nof0_core.plugins.catalog",
    "LoadedPlugin": "nof0_core.plugins.catalog",
    "PluginRegistry": "nof0_core.plugins.registry",
}


def __getattr__(name: str) -> object:
    """Import what was asked for on first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
