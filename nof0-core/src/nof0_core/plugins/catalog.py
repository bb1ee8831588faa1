"""Plugins that were found: what each is, whether it loaded, and what all of them offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import attrs

from nof0_core.plugins.kinds import Kind


@attrs.frozen(kw_only=True)
class LoadedPlugin:
    """A plugin that loaded; `str()` is distribution and version.

    `name` is `distribution:entry-point`. `module` is what was imported (a path for a one-off
    plugin, which has no version).
    """

    name: str
    distribution: str
    version: str
    module: str
    is_builtin: bool = False
    is_file: bool = False

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip()


@attrs.frozen(kw_only=True)
class FailedPlugin:
    """A plugin that did not load, and why; `str()` is distribution and version."""

    name: str
    distribution: str
    version: str
    module: str
    reason: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip()


class Catalog(Protocol):
    """What plugins offer, to look things up in."""

    @property
    def plugins(self) -> tuple[LoadedPlugin, ...]:
        """Return the plugins that loaded: core first, the others by distribution and name."""

    @property
    def failed(self) -> Sequence[FailedPlugin]:
        """Return the plugins that did not load."""

    @property
    def skipped(self) -> AbstractSet[str]:
        """Return the distributions that were switched off."""

    @property
    def companions(self) -> Mapping[str, LoadedPlugin]:
        """Return who offers what may run beside the engine, by its name, sorted."""

    def kind(self, family: str, type: str) -> Kind:  # noqa: A002 - the word in YAML
        """Look up a kind.

        Raises:
            UnknownKindError: if no loaded plugin offers it; the hints say what to do.
        """

    def kinds(self, family: str) -> tuple[Kind, ...]:
        """Return all kinds of a family, sorted by type."""

    def owner(self, family: str, type: str) -> LoadedPlugin:  # noqa: A002 - the word in YAML
        """Return the plugin that offers a kind.

        Raises:
            UnknownKindError: if no loaded plugin offers it.
        """
