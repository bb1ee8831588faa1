"""Which plugin an exception came out of that nobody expected."""

from __future__ import annotations

import traceback
from importlib import metadata
from pathlib import Path

import attrs

from nof0_core.plugins.hookspecs import GROUP

OWN = "nof0_core"
FILE = "nof0_file_"
"""How the modules of one-off plugins begin."""


@attrs.frozen(kw_only=True)
class Culprit:
    """`plugin` is distribution and version, empty for core; `place` file and line, if known."""

    plugin: str = ""
    place: str = ""


def culprit(error: BaseException) -> Culprit:
    """Return whose code an exception was raised in, or in whose call of a library."""
    owners = _owners()
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        name = str(frame.f_globals.get("__name__", ""))
        package, _, inner = name.partition(".")
        file = Path(frame.f_code.co_filename)
        if package.startswith(FILE):
            return Culprit(plugin=file.name, place=f"{file.name}:{line}")
        if package == OWN or package in owners:
            # A path inside the package says enough, and is the same on every machine.
            depth = inner.count(".") + 2 if inner else 2 if file.name == "__init__.py" else 1
            place = f"{'/'.join(file.parts[-depth:])}:{line}"
            return Culprit(plugin=owners.get(package, ""), place=place)
    return Culprit()


def _owners() -> dict[str, str]:
    """Return distribution and version of each installed plugin by its package."""
    return {
        point.module.partition(".")[0]: f"{point.dist.name} {point.dist.version}"
        for point in metadata.entry_points(group=GROUP)
        if point.dist is not None
    }
