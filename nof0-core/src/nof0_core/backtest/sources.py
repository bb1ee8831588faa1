"""What runs in a backtest: nof0, the plugins installed, a user's own files."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path

from nof0_core.config.model import Config
from nof0_core.plugins.catalog import LoadedPlugin


def versions_of(config: Config) -> dict[str, str]:
    """Return the versions of the plugins, by distribution; of a user's file, "" by its path.

    Paths start where the main file is: they are the same wherever a command runs.
    """
    return {_name(config, one): one.version for one in _plugins(config)}


def code_of(config: Config) -> str:
    """Return the SHA-256 (hex) of the sources of all of it; what files of a user import is not."""
    parts = [
        _digest("nof0_core"),
        sorted(versions_of(config).items()),
        sorted(
            hashlib.sha256(Path(one.module).read_bytes()).hexdigest()
            if one.is_file
            else _digest(one.module.partition(".")[0])
            for one in _plugins(config)
        ),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _plugins(config: Config) -> list[LoadedPlugin]:
    found = (one for one in config.registry.plugins if not one.is_builtin)
    return sorted(found, key=lambda one: one.name)


def _name(config: Config, plugin: LoadedPlugin) -> str:
    if not plugin.is_file:
        return plugin.distribution
    return Path(os.path.relpath(plugin.module, config.file.parent)).as_posix()


def _digest(package: str) -> str:
    """Return the digest of a package's sources, that of nothing where they are not files."""
    found = hashlib.sha256()
    for file, name in _files(package):
        found.update(name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def _files(package: str) -> Iterator[tuple[Path, str]]:
    spec = importlib.util.find_spec(package)
    for folder in sorted(spec.submodule_search_locations or ()) if spec is not None else ():
        for file in sorted(Path(folder).rglob("*.py")):
            yield file, file.relative_to(folder).as_posix()
