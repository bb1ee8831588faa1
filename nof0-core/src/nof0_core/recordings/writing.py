"""Writing series in nof0's own form: one file each, put in its place as a whole."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np

from nof0_core.disk import replace_durably
from nof0_core.domain.candles import Candles, FloatArray
from nof0_core.errors import DataError
from nof0_core.files import in_words
from nof0_core.recordings.layout import CANDLE_COLUMNS, FUNDING_COLUMNS

FORMATS = {"parquet": ".parquet", "csv": ".csv.gz"}
"""How a series may be written, and what its file is called after."""


def file_name(coin: str, interval: str, form: str, *, is_funding: bool) -> str:
    """Return the name of a series' file; `form` is one of `FORMATS`."""
    what = "funding_" if is_funding else ""
    return f"{coin.lower()}_{what}{interval}{FORMATS[form]}"


def check_writable(path: Path, form: str) -> None:
    """Refuse a form that cannot be written here.

    Raises:
        DataError: it is Parquet, and pyarrow is missing.
    """
    if form == "parquet":
        _arrow(path)


def candle_rows(candles: Candles) -> FloatArray:
    """Return candles as rows of time in ms, open, high, low, close, volume."""
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    return np.column_stack([candles.open_time.astype(np.float64), *columns])


def write_rows(path: Path, rows: FloatArray, form: str) -> None:
    """Write candles (6 columns) or funding rates (2 columns), times in ms first.

    The file is there as a whole or not at all, and equal rows are equal bytes of a CSV file.

    Raises:
        DataError: it cannot be written, or pyarrow is missing.
    """
    columns = FUNDING_COLUMNS if rows.shape[1] == len(FUNDING_COLUMNS) else CANDLE_COLUMNS
    content = _parquet(path, rows, columns) if form == "parquet" else _csv(rows, columns)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_durably(path, content)
    except OSError as error:
        message = f"{path}: cannot be written: {in_words(error)}"
        raise DataError(message, hints=("choose another directory with --to",)) from error


def _csv(rows: FloatArray, columns: tuple[str, ...]) -> bytes:
    lines = [",".join(columns)]
    lines += [f"{int(time)},{','.join(map(repr, numbers))}" for time, *numbers in rows.tolist()]
    # Without a time in it the same rows are the same file.
    return gzip.compress("\n".join([*lines, ""]).encode(), mtime=0)


def _arrow(path: Path) -> tuple[Any, Any]:
    """Return the modules `pyarrow` and `pyarrow.parquet`."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        message = f"{path}: writing Parquet needs pyarrow"
        hint = 'pip install "nof0-core[data]", or write CSV: --format csv'
        raise DataError(message, hints=(hint,)) from error
    return pa, parquet


def _parquet(path: Path, rows: FloatArray, columns: tuple[str, ...]) -> bytes:
    pa, parquet = _arrow(path)
    arrays = [rows[:, 0].astype(np.int64), *rows[:, 1:].T.copy()]
    sink = io.BytesIO()
    parquet.write_table(pa.table(dict(zip(columns, arrays, strict=True))), sink)
    return sink.getvalue()
