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


_JOINED = "\N{NO-BREAK SPACE}"
"""What is joined by it in a cell stays on one line, where it is shown as a blank."""
LEAST = 20
"""Letters of the last column of `columns` before others go, and however narrow it is."""


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


def columns(
    rows: Sequence[Sequence[str]],
    *,
    indent: str = "",
    width: int | None = None,
    leaves: Sequence[int] = (),
) -> list[str]:
    """Align the cells of rows; the last cell of a row is not padded.

    In `width` letters whole columns go, those of these numbers in `leaves` one after the other,
    until the last column has some room; the words of its cells go on below it. None: nothing goes.
    """
    from rich.cells import cell_len, set_cell_size

    count = max((len(row) for row in rows), default=0)
    widths = [
        max((cell_len(row[at]) for row in rows if at < len(row)), default=0) for at in range(count)
    ]
    kept = list(range(count))

    def room() -> int:
        assert width is not None  # noqa: S101 - only asked where it is known
        return width - len(indent) - sum(widths[at] + 2 for at in kept[:-1])

    for at in leaves if width is not None else ():
        if room() >= min(widths[kept[-1]], LEAST):
            break
        kept.remove(at)
    lines = []
    for row in rows:
        cells = [row[at] for at in kept if at < len(row)]
        padded = [set_cell_size(cell, widths[at]) for cell, at in zip(cells, kept, strict=False)]
        last = cells[-1] if cells else ""
        head = indent + "".join(f"{cell}  " for cell in padded[:-1])
        parts = [last] if width is None else wrapped(last, max(room(), LEAST))
        parts = [part.replace(_JOINED, " ") for part in parts]
        lines.append(f"{head}{parts[0]}".rstrip())
        lines += [" " * cell_len(head) + part for part in parts[1:]]
    return lines


def paragraph(text: str) -> str:
    """Break a sentence between words where it goes to a terminal; a pipe gets it on one line."""
    return "\n".join(wrapped(text, terminal_width()))


def terminal_width() -> int | None:
    """Return the columns of the terminal; None for a file or pipe, whatever COLUMNS says."""
    import sys

    return screen_width() if sys.stdout.isatty() else None


def wrapped(text: str, width: int | None) -> list[str]:
    """Break a sentence between words into lines of so many letters; None: it stays one line."""
    import textwrap

    if width is None:
        return [text]
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
