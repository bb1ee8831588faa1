"""What a sweep leaves behind beside its jobs: one Parquet file, one page, the count of trials."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import attrs

from nof0_core.disk import replace_durably
from nof0_core.sweep.page.whole import page_of
from nof0_core.sweep.result import TRIALS, SweepResult
from nof0_core.sweep.store import unwritten

RESULTS, PAGE = "results.parquet", "report.html"
NO_PARQUET = (
    'results.parquet needs pyarrow: pip install "nof0-core[data]", and the same command writes it'
)


def write_all(result: SweepResult) -> SweepResult:
    """Write everything; equal results give equal bytes. Return the result with notes on it.

    Raises:
        StoreError: there is no room, say.
    """
    notes: list[str] = []
    table = _parquet(result)
    if table is None:
        notes.append(NO_PARQUET)
    else:
        _write(result.folder / RESULTS, table)
    _write(result.folder / PAGE, page_of(result).encode())
    text = json.dumps({"variants": result.own_trials}) + "\n"
    _write(result.folder / TRIALS, text.encode())
    return attrs.evolve(result, notes=tuple(notes))


def _write(path: Path, content: bytes) -> None:
    try:
        replace_durably(path, content)
    except OSError as error:
        raise unwritten(path, error) from error


def _parquet(result: SweepResult) -> bytes | None:
    """Return one line for each trader of each job; None where pyarrow is missing."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        return None
    columns: dict[str, Any] = result.columns_of_rows()
    arrays = {name: pa.array(values, type=_type(pa, values)) for name, values in columns.items()}
    sink = io.BytesIO()
    parquet.write_table(pa.table(arrays), sink)
    return sink.getvalue()


def _type(pa: Any, values: list[Any]) -> Any:
    """Return the type of a column; numbers are floats where one of them is none."""
    known = [value for value in values if value is not None]
    if not known:
        return pa.float64()
    if all(isinstance(value, bool) for value in known):
        return pa.bool_()
    if all(isinstance(value, int) for value in known):
        return pa.int64()
    if all(isinstance(value, int | float) for value in known):
        return pa.float64()
    return pa.string()
