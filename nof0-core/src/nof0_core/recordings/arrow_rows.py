"""Rows of Parquet and Feather files; pyarrow reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import numpy as np

from nof0_core.domain.candles import FloatArray
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.layout import CANDLE_COLUMNS, CANDLES, FUNDING_COLUMNS, by_header
from nof0_core.recordings.table import Rows


def arrow_rows(path: Path, file: BinaryIO, fields: Sequence[str], coin: str) -> Rows | Fault:
    """Read an opened Parquet or Feather file; rows are counted from 1.

    Raises:
        OSError: reading failed.
    """

    def fault(message: str, hint: str) -> Fault:
        return Fault(path=path, line=0, kind="file", message=message, hint=hint)

    is_parquet = path.name.lower().endswith(".parquet")
    try:
        from pyarrow import ArrowException, feather, parquet
    except ImportError:
        what = "Parquet" if is_parquet else "Feather"
        return fault(
            f"reading {what} needs pyarrow",
            'pip install "nof0-core[data]", or convert the file to CSV',
        )
    try:
        table = parquet.read_table(file) if is_parquet else feather.read_table(file)
    except ArrowException as error:
        return fault(f"cannot be read: {error}", "copy it again")
    names = table.column_names
    layout = by_header(names, fields, coin)
    if isinstance(layout, str):
        own = CANDLE_COLUMNS if tuple(fields) == CANDLES else FUNDING_COLUMNS
        return fault(f"the columns are {', '.join(names)}: {layout}", f"name them {', '.join(own)}")
    if not table.num_rows:
        return fault("there are no rows", "export it again or remove it")
    try:
        columns = [table.column(place) for place in layout.places]
        values = np.column_stack([_numbers(column) for column in columns])
    except (TypeError, ValueError, ArrowException) as error:
        return fault(f"a column does not hold numbers: {error}", "export it again")
    if _is_time(columns[0]):
        layout = attrs.evolve(layout, unit="ms")
    return Rows(
        path=path,
        values=values,
        lines=np.arange(1, len(values) + 1),
        layout=layout,
        in_lines=False,
        markets=_distinct(table, layout.market),
        intervals=_distinct(table, layout.interval),
    )


def _is_time(column: Any) -> bool:
    from pyarrow import types

    return bool(types.is_timestamp(column.type))


def _numbers(column: Any) -> FloatArray:
    import pyarrow as pa

    if _is_time(column):
        # Without a zone it is UTC. What does not fit into milliseconds is an error of Arrow.
        column = column.cast(pa.timestamp("ms", tz=column.type.tz)).cast(pa.int64())
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _distinct(table: Any, place: int | None) -> Sequence[str]:
    if place is None:
        return ()
    return sorted({str(each) for each in table.column(place).unique().to_pylist()})
