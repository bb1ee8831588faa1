"""Reading one recorded file into an array of numbers."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np

from nof0_core.domain.candles import FloatArray
from nof0_core.errors import DataError
from nof0_core.files import in_words, opened, read_bytes

CANDLE_COLUMNS = ("timestamp_ms", "open", "high", "low", "close", "volume")
FUNDING_COLUMNS = ("timestamp_ms", "funding_rate")
SUFFIXES = (".csv", ".csv.gz", ".parquet")


@attrs.frozen(kw_only=True, eq=False)
class Table:
    """Numbers of one file: shape (rows, columns), in the order of the file."""

    path: Path
    values: FloatArray

    def error(self, row: int, message: str, hint: str) -> DataError:
        """Make the error for a row (from 0), naming the line a person sees in the file."""
        # Line 1 is the header, so row 0 stands on line 2; Parquet rows are counted the same way.
        return DataError(f"{self.path}:{row + 2}: {message}", hints=(hint,))


def read_table(path: Path, columns: Sequence[str]) -> Table:
    """Read a CSV, gzipped CSV or Parquet file that has exactly these columns.

    Raises:
        DataError: naming file and line, for a file that is empty, broken or has other columns.
    """
    if path.name.endswith(".parquet"):
        return Table(path=path, values=_read_parquet(path, columns))
    lines = _text(path).splitlines()
    if not lines:
        msg = f"{path}: the file is empty"
        raise DataError(msg, hints=("export it again or remove it",))
    header = ",".join(columns)
    if lines[0].strip() != header:
        msg = f'{path}:1: the header is "{lines[0].strip()[:80]}"'
        raise DataError(msg, hints=(f'it must be "{header}"',))
    rows = lines[1:]
    if not rows:
        msg = f"{path}: there are no rows below the header"
        raise DataError(msg, hints=("export it again or remove it",))
    return Table(path=path, values=_parse(path, rows, len(columns)))


def _text(path: Path) -> str:
    try:
        raw = read_bytes(path)
    except OSError as error:
        msg = f"{path}: cannot be read: {in_words(error)}"
        raise DataError(msg) from error
    try:
        if path.name.endswith(".gz"):
            raw = gzip.decompress(raw)
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        msg = f"{path}: cannot be read: it is not UTF-8 text"
        raise DataError(msg, hints=("export it again",)) from None
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{path}: cannot be read: {error}"
        raise DataError(msg, hints=("it may be cut off: copy it again",)) from error


def _parse(path: Path, rows: list[str], width: int) -> FloatArray:
    try:
        values = np.loadtxt(rows, delimiter=",", comments=None, ndmin=2)
    except ValueError:
        values = None
    # numpy skips blank lines, which would shift every line number after them.
    if values is not None and values.shape == (len(rows), width):
        return values
    raise _broken_row(path, rows, width)


def _broken_row(path: Path, rows: list[str], width: int) -> DataError:
    hint = "correct the line or export the file again"
    for line, row in enumerate(rows, start=2):
        cells = row.split(",")
        if not row.strip():
            return DataError(f"{path}:{line}: the line is empty", hints=(hint,))
        if len(cells) != width:
            return DataError(
                f"{path}:{line}: {len(cells)} values where {width} belong", hints=(hint,)
            )
        for cell in cells:
            try:
                np.loadtxt([cell], comments=None)
            except ValueError:
                return DataError(f'{path}:{line}: "{cell}" is not a number', hints=(hint,))
    return DataError(f"{path}: the file cannot be read as numbers", hints=(hint,))


def _read_parquet(path: Path, columns: Sequence[str]) -> FloatArray:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        msg = f"{path}: reading Parquet needs pyarrow"
        raise DataError(
            msg,
            hints=('pip install "nof0-core[data]", or convert the file to CSV',),
        ) from error
    try:
        with opened(path) as file:
            table = parquet.read_table(file)
    except OSError as error:
        msg = f"{path}: cannot be read: {in_words(error)}"
        raise DataError(msg, hints=("copy it again",)) from error
    except ArrowException as error:
        msg = f"{path}: cannot be read: {error}"
        raise DataError(msg, hints=("copy it again",)) from error
    if tuple(table.column_names) != tuple(columns):
        msg = f"{path}: the columns are {', '.join(table.column_names)}"
        raise DataError(
            msg,
            hints=(f"they must be {', '.join(columns)}",),
        )
    if not table.num_rows:
        msg = f"{path}: there are no rows"
        raise DataError(msg, hints=("export it again or remove it",))
    try:
        return np.column_stack([np.asarray(c, dtype=np.float64) for c in table.columns])
    except (TypeError, ValueError) as error:
        msg = f"{path}: a column does not hold numbers: {error}"
        raise DataError(msg, hints=("export it again",)) from error
