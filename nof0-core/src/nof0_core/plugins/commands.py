"""Commands of plugins, found without importing plugins that have none."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

from nof0_core.errors import Nof0Error
from nof0_core.plugins.discovery import selected
from nof0_core.plugins.families import COMMANDS_HOOK
from nof0_core.plugins.messages import failure

if TYPE_CHECKING:
    import click


def add_commands(cli: click.Group, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Let every selected plugin that has commands add them to `cli`.

    Importing every plugin would make the help text slow. So a plugin's module is imported only if
    its source text mentions the hook, or cannot be read.

    Returns:
        One line for each plugin that failed; the others' commands are there all the same.
    """
    faults: list[str] = []
    try:
        points = list(selected(os.environ if environ is None else environ))
    except Nof0Error as error:
        return (str(error),)
    for point in points:
        try:
            if _may_have_commands(point):
                hook = getattr(point.load(), COMMANDS_HOOK, None)
                if hook is not None:
                    hook(cli)
        except Exception as error:  # noqa: BLE001 - importing a plugin runs code that can raise anything
            name = point.dist.name if point.dist is not None else point.module
            faults.append(f"plugin {name} has no commands here — {failure(error)}")
    return tuple(faults)


def _may_have_commands(point: EntryPoint) -> bool:
    spec = importlib.util.find_spec(point.module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return True
    return COMMANDS_HOOK in Path(spec.origin).read_text(encoding="utf-8", errors="replace")
