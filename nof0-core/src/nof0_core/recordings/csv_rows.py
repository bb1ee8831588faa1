"""Rows of a CSV file, with or without header, whatever else stands in it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import numpy as np

from nof0_core.domain.candles import FloatArray
from nof0_core.recordings import stamps
from nof0_core.recordings.coins import Pair
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.layout import (
    CANDLE_COLUMNS,
    CANDLES,
    FUNDING_COLUMNS,
    Layout,
    by_header,
    by_width,
    in_coins,
)
from nof0_core.recordings.table import AGAIN, Rows

_COMMENT = re.compile(r"\s*(?:#|\"?https?://)", re.IGNORECASE)
_EXPONENT = re.compile(r"\d[eE]\+?\d")
CONTRACTS = "take the archive of Binance as it is, or the market in USDT"
"""What helps where volume is in contracts."""


@attrs.frozen(kw_only=True)
class _Lines:
    """The data of a file: its lines without those above the first row, and how to cut them."""

    path: Path
    lines: list[str]
    first: int
    delimiter: str
    layout: Layout
    is_quoted: bool
    has_exponents: bool

    def cells(self, line: str) -> list[str]:
        if not self.is_quoted:
            return line.split(self.delimiter)
        return next(csv.reader([line], delimiter=self.delimiter), [])


def csv_rows(path: Path, text: str, fields: Sequence[str], pair: Pair) -> Rows | Fault:
    """Read the text of a CSV file.

    Comment lines above the header are passed over, and columns that are not asked for. Times may be
    numbers, or dates of ISO 8601, in UTC where nothing else is said.
    """

    def fault(line: int, message: str, hint: str) -> Fault:
        return Fault(path=path, line=line, kind="file", message=message, hint=hint)

    lines = text.splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        return fault(0, "the file is empty", "export it again or remove it")
    head = next((at for at, line in enumerate(lines) if not _COMMENT.match(line)), len(lines) - 1)
    delimiter = max(",;\t", key=lines[head].count)
    names = next(csv.reader([lines[head]], delimiter=delimiter), [""])
    if _number(names[0]) is not None:
        layout = by_width(len(names), fields)
        first = head
    else:
        layout = by_header(names, fields, pair.coin)
        first = head + 1
    if pair.is_inverse and tuple(fields) == CANDLES and not isinstance(layout, str):
        layout = in_coins(layout)
        if isinstance(layout, str):
            return fault(0, layout, CONTRACTS)
    if isinstance(layout, str):
        columns = CANDLE_COLUMNS if tuple(fields) == CANDLES else FUNDING_COLUMNS
        shown = "" if first == head else f'the header is "{lines[head].strip()[:80]}": '
        return fault(head + 1, shown + layout, f'write the header "{",".join(columns)}"')
    if first == len(lines):
        return fault(0, "there are no rows below the header", "export it again or remove it")
    data = _Lines(
        path=path,
        lines=lines[first:],
        first=first + 1,
        delimiter=delimiter,
        layout=layout,
        is_quoted='"' in text,
        has_exponents=_EXPONENT.search(text) is not None,
    )
    return _rows(data)


def _rows(data: _Lines) -> Rows:
    layout, values = data.layout, None
    faults: list[Fault] = []
    first_cells = data.cells(data.lines[0])
    has_dates = len(first_cells) == layout.width and (
        _number(first_cells[layout.places[0]]) is None
        and _moment(first_cells[layout.places[0]]) is not None
    )
    if not has_dates and not data.is_quoted:
        values = _whole(data)
    numbers = np.arange(data.first, data.first + len(data.lines))
    rounded: dict[int, str] = {}
    if values is None:
        values, numbers, faults = _one_by_one(data, has_dates=has_dates)
    if data.has_exponents:
        cells = enumerate(_column(data, 0, numbers))
        rounded = {at: cell.strip() for at, cell in cells if stamps.has_lost_digits(cell)}
    return Rows(
        path=data.path,
        values=values,
        lines=numbers,
        layout=layout,
        faults=faults,
        markets=_distinct(data, layout.market),
        intervals=_distinct(data, layout.interval),
        rounded=rounded,
    )


def _whole(data: _Lines) -> FloatArray | None:
    """Parse all lines at once; None if one of them needs a closer look."""
    marks = data.layout.width - 1
    if any(line.count(data.delimiter) != marks for line in data.lines):
        return None
    places = data.layout.places
    try:
        values = np.loadtxt(
            data.lines, delimiter=data.delimiter, comments=None, ndmin=2, usecols=places
        )
    except ValueError:
        return None
    # numpy skips blank lines, which would shift every line number after them.
    return values if values.shape == (len(data.lines), len(places)) else None


def _one_by_one(data: _Lines, *, has_dates: bool) -> tuple[FloatArray, np.ndarray, list[Fault]]:
    """Parse line by line: rows that are fine, where they stand, what is wrong with the others."""
    rows, numbers, faults = [], [], []
    for number, line in enumerate(data.lines, start=data.first):
        row = _row(data, line, has_dates=has_dates)
        if isinstance(row, str):
            faults.append(_fault(data, number, "cell", row, AGAIN))
        else:
            rows.append(row)
            numbers.append(number)
    shape = (len(rows), len(data.layout.places))
    values = np.array(rows, dtype=np.float64).reshape(shape)
    return values, np.array(numbers, dtype=np.int64), faults


def _row(data: _Lines, line: str, *, has_dates: bool) -> list[float] | str:
    if not line.strip():
        return "the line is empty"
    cells = data.cells(line)
    if len(cells) != data.layout.width:
        return f"{len(cells)} values where {data.layout.width} belong"
    row: list[float] = []
    for place in data.layout.places:
        cell = cells[place].strip()
        value = _moment(cell) if has_dates and not row else _number(cell)
        if not cell:
            return f"the value {data.layout.name(place)} is empty"
        if value is None:
            what = "a time" if has_dates and not row else "a number"
            return f'"{cell[:40]}" is not {what}'
        row.append(value)
    return row


def _number(cell: str) -> float | None:
    try:
        # float() takes more than files have: underscores between digits.
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _moment(cell: str) -> float | None:
    """Return a date of ISO 8601 in milliseconds."""
    try:
        moment = datetime.fromisoformat(cell.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000


def _column(data: _Lines, field: int, numbers: np.ndarray) -> Iterator[str]:
    place = data.layout.places[field]
    return (data.cells(data.lines[number - data.first])[place] for number in numbers)


def _distinct(data: _Lines, place: int | None) -> Sequence[str]:
    if place is None:
        return ()
    rows = (data.cells(line) for line in data.lines)
    return sorted({cells[place] for cells in rows if len(cells) == data.layout.width})


def _fault(data: _Lines, line: int, kind: str, message: str, hint: str) -> Fault:
    return Fault(path=data.path, line=line, kind=kind, message=message, hint=hint)
