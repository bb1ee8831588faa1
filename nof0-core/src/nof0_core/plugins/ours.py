"""Which plugins belong to this project."""

from __future__ import annotations

from nof0_core.plugins.catalog import LoadedPlugin

DISTRIBUTIONS = frozenset(
    {"nof0-core", "nof0-provider-sim", "nof0-provider-hyperliquid", "nof0-llm", "nof0-api"}
)
"""The names of its distributions; a file of the configuration may be called anything."""


def is_ours(plugin: LoadedPlugin) -> bool:
    """Tell whether a plugin belongs to this project; all others are strangers."""
    return not plugin.is_file and plugin.distribution in DISTRIBUTIONS
