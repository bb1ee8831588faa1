"""Commands of plugins, found without importing plugins that have none."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

from nof0_core.errors import Nof0Error
from nof0_core.plugins.discovery import Findings, installed
from nof0_core.plugins.families import COMMANDS_HOOK
from nof0_core.plugins.messages import without_commands

if TYPE_CHECKING:
    import click


def add_commands(cli: click.Group, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Let every selected plugin that has commands add them to `cli`.

    Importing every plugin would make the help text slow. So a plugin's module is imported only if
    its source text mentions the hook, or cannot be read.

    Returns:
        One line for each plugin that failed; the others' commands are there all the same.
    """
    findings = Findings()
    try:
        for implementations in installed(
            os.environ if environ is None else environ, findings, _may_have_commands
        ):
            with findings.noting(implementations.plugin):
                implementations.call(COMMANDS_HOOK, cli=cli)
    except Nof0Error as error:
        return (str(error),)
    broken = [one for fault in findings.faults for one in fault.faults or (fault,)]
    notes = [without_commands(failed) for failed in findings.failed]
    return (*notes, *(f"{one}; it has no commands here" for one in broken))


def _may_have_commands(point: EntryPoint) -> bool:
    spec = importlib.util.find_spec(point.module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return True
    return COMMANDS_HOOK in Path(spec.origin).read_text(encoding="utf-8", errors="replace")
