"""Tables that fit a terminal: whole columns are left out, no number is ever cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import attrs
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Column(Generic[T]):
    """One column, and what stands in it for a row.

    `leaves` says when it goes where a terminal is too narrow, 1 first; 0 stays. `is_words` may be
    broken into lines of `least` letters; anything else stands on the right, on one line. So does
    what `is_listed`, on the left: of `one, two, three` as many are shown as there is room for.
    """

    name: str
    cell: Callable[[T], Text]
    leaves: int = 0
    is_words: bool = False
    is_listed: bool = False
    least: int = 14


def fitted(
    columns: Sequence[Column[T]],
    rows: Sequence[T],
    *,
    width: int,
    title: str,
    parted_at: int = 0,
) -> Table:
    """Lay rows out in so many letters.

    Args:
        columns: what to show, from left to right.
        rows: what about.
        width: of the terminal.
        title: above the table.
        parted_at: number of rows that stand apart from those after them.
    """
    kept = list(columns)
    while _needed(kept, rows, gap=1) > width and any(column.leaves for column in kept):
        kept.remove(min((one for one in kept if one.leaves), key=lambda one: one.leaves))
    spare = width - _needed(kept, rows, gap=1)
    kept = [_shortened(column, rows, spare) for column in kept]
    # A column ends with a blank of its own, and with one more where there is room for it.
    room = 1 if _needed(kept, rows, gap=2) <= width else 0
    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, room, 0, 0),
    )
    for column in kept:
        table.add_column(
            Text(column.name),
            justify="left" if column.is_words or column.is_listed else "right",
            no_wrap=not column.is_words,
            overflow="fold",
        )
    for number, row in enumerate(rows, start=1):
        table.add_row(*(column.cell(row) for column in kept), end_section=number == parted_at)
    return table


def _needed(columns: Sequence[Column[T]], rows: Sequence[T], *, gap: int) -> int:
    return sum(_width(column, rows) + gap for column in columns)


def _width(column: Column[T], rows: Sequence[T]) -> int:
    wide = max((column.cell(row).cell_len for row in rows), default=0)
    is_elastic = column.is_words or column.is_listed
    return max(cell_len(column.name), min(wide, column.least) if is_elastic else wide)


def _shortened(column: Column[T], rows: Sequence[T], spare: int) -> Column[T]:
    """Let a column of lists have what is left of the width, and no more."""
    if not column.is_listed:
        return column
    room = _width(column, rows) + max(spare, 0)
    return attrs.evolve(column, cell=lambda row: listed_in(column.cell(row), room))


def listed_in(cell: Text, room: int) -> Text:
    """Leave out entries of `one, two, three` at the end, and count them, until it has room."""
    parts = cell.plain.split(", ")
    for count in range(len(parts), 0, -1):
        left = f" +{len(parts) - count}" if count < len(parts) else ""
        text = ", ".join(parts[:count]) + left
        if cell_len(text) <= room:
            return Text(text, style=cell.style)
    return Text(f"+{len(parts)}", style=cell.style)
