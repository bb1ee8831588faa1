"""Reading one recorded file into an array of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np

from nof0_core.domain.candles import FloatArray, TimeArray, interval_ms
from nof0_core.recordings import stamps
from nof0_core.recordings.coins import Pair, pair_in_cell
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.layout import Layout

AGAIN = "correct it or export the file again"
_LOST_HINT = "export the file again and do not save it from a spreadsheet"


@attrs.frozen(kw_only=True, eq=False)
class Table:
    """Numbers of one file: shape (rows, columns), in the order of the file.

    The first column is a time in milliseconds. `lines` (rows,) says where each row stands: its
    line, counted from 1, or, in files that have none, its row. `faults` are rows, or the whole
    file, that could not be read; such rows are left out. A table of several files has `sources`:
    for each row the number of its file in `files`.
    """

    path: Path
    values: FloatArray
    lines: TimeArray
    in_lines: bool = True
    faults: tuple[Fault, ...] = ()
    files: tuple[tuple[Path, bool], ...] = ()
    sources: TimeArray | None = None

    def fault(self, row: int, kind: str, message: str, hint: str) -> Fault:
        """Make the fault of a row (from 0), at the line a person sees in the file."""
        path, in_lines = self.path, self.in_lines
        if self.sources is not None:
            path, in_lines = self.files[int(self.sources[row])]
        return Fault(
            path=path,
            line=int(self.lines[row]),
            kind=kind,
            message=message,
            hint=hint,
            in_lines=in_lines,
        )

    def part(self, rows: np.ndarray) -> Table:
        """Return the table with some of its rows, by mask or by number."""
        sources = None if self.sources is None else self.sources[rows]
        return attrs.evolve(self, values=self.values[rows], lines=self.lines[rows], sources=sources)


@attrs.define(kw_only=True, eq=False)
class Rows:
    """What a reader of one format found: numbers with stamps in the file's own unit."""

    path: Path
    values: FloatArray
    lines: TimeArray
    layout: Layout
    in_lines: bool = True
    faults: list[Fault] = attrs.field(factory=list)
    markets: Sequence[str] = ()
    """All that stands in the column of the market, each once."""
    intervals: Sequence[str] = ()
    rounded: Mapping[int, str] = attrs.field(factory=dict)
    """Stamps that are written with fewer digits than they have, by row."""


def unreadable(path: Path, message: str, hint: str) -> Table:
    """Make the table of a file nothing of which can be read."""
    fault = Fault(path=path, line=0, kind="file", message=message, hint=hint)
    return empty(path, fault)


def empty(path: Path, fault: Fault) -> Table:
    """Make the table of a file without a row."""
    return Table(
        path=path,
        values=np.empty((0, 2)),
        lines=np.empty(0, dtype=np.int64),
        faults=(fault,),
    )


def in_order(rows: Rows, pair: Pair, interval: str) -> Table:
    """Make a table of rows: stamps in milliseconds, oldest first where all stood newest first."""
    table = Table(path=rows.path, values=rows.values, lines=rows.lines, in_lines=rows.in_lines)
    faults = [*rows.faults, *_named_otherwise(rows, pair, interval)]
    times = rows.values[:, 0]
    found = np.asarray(stamps.units(times))
    unit = rows.layout.unit or stamps.usual(list(found))
    faults += [
        _wrong_unit(table, int(row), str(found[row]), unit, rows.layout)
        for row in np.flatnonzero((found != unit) & np.isfinite(times))
    ]
    keep = (found == unit) | ~np.isfinite(times)
    if rows.rounded and not _are_exact(rows, unit, interval):
        first, cell = next(iter(rows.rounded.items()))
        faults.append(table.fault(first, "unit", _lost(cell, len(rows.rounded)), _LOST_HINT))
        keep[list(rows.rounded)] = False
    values = rows.values[keep].copy()
    values[:, 0] = stamps.milliseconds(values[:, 0], unit)
    table = attrs.evolve(table, values=values, lines=rows.lines[keep], faults=tuple(faults))
    if len(values) > 1 and (np.diff(values[:, 0]) < 0).all():
        table = table.part(np.arange(len(values))[::-1])
    return table


def _are_exact(rows: Rows, unit: str, interval: str) -> bool:
    """Tell whether stamps without their last digits have lost none.

    Rounding puts some of them beside the grid of the bars, or several bars at one time.
    """
    times = stamps.milliseconds(rows.values[list(rows.rounded), 0], unit)
    is_on_grid = bool((np.mod(times, interval_ms(interval)) == 0).all())
    return is_on_grid and len(np.unique(times)) == len(times)


def _lost(cell: str, count: int) -> str:
    more = f", and so are {count - 1} others" if count > 1 else ""
    return f"the time stamp {cell} has lost digits: a spreadsheet has rounded it{more}"


def _wrong_unit(table: Table, row: int, found: str, unit: str, layout: Layout) -> Fault:
    stamp = f"{table.values[row, 0]:.0f}"
    if not found:
        message = f"the time stamp {stamp} is not in {stamps.word(unit)} since 1970"
        return table.fault(row, "unit", message, AGAIN)
    message = f"the time stamp {stamp} is in {stamps.word(found)}, not in {stamps.word(unit)}"
    if layout.unit:
        hint = (
            "write milliseconds, or call the column `timestamp`: then s, ms, us and ns are told "
            "apart by their size"
        )
    else:
        hint = "write all stamps of a file in one unit, or make a file of each part"
    return table.fault(row, "unit", message, hint)


def _named_otherwise(rows: Rows, pair: Pair, interval: str) -> list[Fault]:
    """Compare what the rows say of market and interval with the file's name."""
    faults = []

    def add(message: str, hint: str) -> None:
        faults.append(Fault(path=rows.path, line=0, kind="market", message=message, hint=hint))

    for cell in sorted(rows.markets):
        told = pair_in_cell(cell)
        if isinstance(told, str):
            add(f'the market is "{cell[:40]}": {told}', "name the market by coin and dollars")
        elif not told.is_in_dollars:
            add(
                f'the market is "{cell[:40]}": its prices are in {told.money}, not in dollars',
                "take the coin's market in USD, USDT or USDC",
            )
        elif told.coin.lower() != pair.coin.lower():
            add(
                f'the name of the file tells {pair.coin.upper()}, but the market is "{cell[:40]}"',
                "give each coin a file, named after it",
            )
    for cell in sorted(rows.intervals):
        if cell.strip() != interval:
            add(
                f'the name of the file tells {interval} bars, but it holds "{cell[:20]}"',
                "name the file after the interval it holds",
            )
    return faults
