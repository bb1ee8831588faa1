"""Write results to the terminal: JSON for scripts, aligned columns for people."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 10_000
"""Columns where output goes to a file or pipe, which have no width of their own: nothing is cut."""


def console() -> Console:
    """Return a console for standard output; what is piped is not squeezed into 80 columns."""
    from rich.console import Console

    screen = Console(highlight=False)
    if not screen.is_terminal and "COLUMNS" not in os.environ:
        screen.width = PIPE_WIDTH
    return screen


def screen_width() -> int | None:
    """Return the columns of the terminal, or of COLUMNS; None for a file or pipe: cut nothing."""
    import shutil
    import sys

    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    return shutil.get_terminal_size().columns


def print_json(value: Any) -> None:
    """Print a value as indented JSON; what JSON does not know is written as text, time in UTC."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_as_text))


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> list[str]:
    """Align the cells of rows; the last cell of a row is not padded."""
    count = max((len(row) for row in rows), default=0)
    widths = [
        max((len(row[at]) for row in rows if at < len(row)), default=0) for at in range(count)
    ]
    return [
        indent
        + "  ".join(
            cell if at == len(row) - 1 else cell.ljust(widths[at]) for at, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
