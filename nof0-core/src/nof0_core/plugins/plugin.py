"""A plugin that was found: what it is, and whether it loaded."""

from __future__ import annotations

import attrs


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
