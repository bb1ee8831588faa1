"""Rows of a JSON file: arrays of freqtrade, Coinbase and Kraken, objects of Hyperliquid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from nof0_core.recordings.fault import Fault
from nof0_core.recordings.layout import Layout, by_header, by_width
from nof0_core.recordings.table import AGAIN, Rows

_KNOWN = "an array of candles as Hyperliquid, Coinbase, Kraken or freqtrade write it is read"


def json_rows(path: Path, raw: bytes, fields: Sequence[str], coin: str) -> Rows | Fault:
    """Read a JSON file; rows are counted from 1."""

    def fault(line: int, message: str, hint: str = _KNOWN) -> Fault:
        return Fault(path=path, line=line, kind="file", message=message, hint=hint, in_lines=False)

    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return fault(0, f"is not JSON: {error}", "it may be cut off: copy it again")
    rows = _array(document)
    if rows is None:
        return fault(0, "there is no array of candles in it")
    if not rows:
        return fault(0, "there are no rows", "export it again or remove it")
    if isinstance(rows[0], dict):
        names = list(rows[0])
        layout = by_header(names, fields, coin)
    elif isinstance(rows[0], list):
        names = []
        layout = by_width(len(rows[0]), fields)
    else:
        return fault(1, "is neither an array nor an object")
    if isinstance(layout, str):
        return fault(1, layout)
    return _rows(path, rows, names, layout)


def _array(document: Any) -> list[Any] | None:
    """Find the rows: the document itself, or the one array that an answer of an API holds."""
    for _ in range(3):
        if isinstance(document, list):
            return document
        if not isinstance(document, dict):
            return None
        inner = [
            value
            for key, value in document.items()
            if isinstance(value, dict) or (isinstance(value, list) and key != "error")
        ]
        if len(inner) != 1:
            return None
        document = inner[0]
    return document if isinstance(document, list) else None


def _rows(path: Path, rows: list[Any], names: list[str], layout: Layout) -> Rows:
    values, numbers, faults = [], [], []
    markets, intervals = set(), set()
    keys = [names[place] for place in layout.places] if names else list(layout.places)
    shape = dict if names else list
    for number, row in enumerate(rows, start=1):
        cells = _cells(row, keys) if type(row) is shape else None
        if cells is None:
            fault = Fault(
                path=path,
                line=number,
                kind="cell",
                message="a value is missing or is not a number",
                hint=AGAIN,
                in_lines=False,
            )
            faults.append(fault)
            continue
        values.append(cells)
        numbers.append(number)
        if layout.market is not None:
            markets.add(str(row.get(names[layout.market])))
        if layout.interval is not None:
            intervals.add(str(row.get(names[layout.interval])))
    return Rows(
        path=path,
        values=np.array(values, dtype=np.float64).reshape(len(values), len(keys)),
        lines=np.array(numbers, dtype=np.int64),
        layout=layout,
        in_lines=False,
        faults=faults,
        markets=sorted(markets),
        intervals=sorted(intervals),
    )


def _cells(row: Any, keys: Sequence[Any]) -> list[float] | None:
    try:
        cells = [row[key] for key in keys]
        return None if any(type(cell) is bool for cell in cells) else list(map(float, cells))
    except (TypeError, ValueError, LookupError):
        return None
