"""What plugins may import of nof0: the one list of public modules.

The linter holds our own packages to it, `nof0_core.testing.private_imports` anybody's, and a test
compares every name and signature in these modules with a snapshot. All other modules are nof0's own
and change without notice. A module becomes public by a line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "nof0_core": "hooks, kinds and references: what nearly every plugin needs",
        "nof0_core.answers": "from the text of a model to decisions: parse, validate, the schema",
        "nof0_core.cli.options": "how a command of a plugin takes CONFIG, --data-dir, --json",
        "nof0_core.clock": "time, as a service is given it",
        "nof0_core.config.fields": "settings of a plugin: `opt`",
        "nof0_core.domain": "frozen values and pure rules on them, with all modules in it",
        "nof0_core.errors": "what may be raised and caught",
        "nof0_core.files": "files that somebody named, opened so that none can hold nof0 up",
        "nof0_core.ids": "identifiers, and how they are derived",
        "nof0_core.money": "exact amounts",
        "nof0_core.plugins": "the plugins that are installed: `load_plugins`, `Catalog`",
        "nof0_core.plugins.catalog": "plugins that were found, and what they offer",
        "nof0_core.plugins.companion": "what runs beside the engine",
        "nof0_core.plugins.env": "what a service may use of the program that opens it",
        "nof0_core.plugins.hookspecs": "the hooks",
        "nof0_core.plugins.kinds": "descriptors of what a plugin offers",
        "nof0_core.project": "CONFIG, its journal, its prompts, its models: for commands",
        "nof0_core.protocols": "what a service or policy must be, with all modules in it",
        "nof0_core.recordings.folder": "recorded candles and funding in a folder",
        "nof0_core.recordings.recording": "a recording in memory",
        "nof0_core.recordings.series": "one recorded series",
        "nof0_core.sources": "the answers of the API, and candles, from files or a database",
        "nof0_core.testing": "the test kit",
        "nof0_core.testing.contracts": "suites every plugin must pass",
        "nof0_core.testing.fixtures": "fixtures for pytest",
    }
)
"""Public modules, and what each is for."""

WHOLE = frozenset({"nof0_core.domain", "nof0_core.protocols"})
"""Packages of which every module is public."""


def is_public(module: str) -> bool:
    """Tell whether plugins may import a module of nof0, by its full name."""
    return module in MODULES or any(module.startswith(f"{package}.") for package in WHOLE)
