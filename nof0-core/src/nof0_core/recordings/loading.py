"""Loading the files of one series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
import numpy as np

from nof0_core.domain.candles import Candles
from nof0_core.recordings.checking import candle_faults, candles_of, funding_faults, settled
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.layout import CANDLES, FUNDING
from nof0_core.recordings.listing import SeriesFiles
from nof0_core.recordings.reading import read_table
from nof0_core.recordings.table import Table


def load_candles(files: SeriesFiles, *, allow_gaps: bool) -> Candles:
    """Read the candles of a series.

    Raises:
        DataError: naming the file, and the line where there is one.
    """
    table = joined(read_series(files))
    refuse(candle_faults(table, files.interval, allow_gaps=allow_gaps))
    return candles_of(table, files.interval)


def load_funding(files: SeriesFiles, *, allow_gaps: bool) -> Table:
    """Read the funding rates of a series: a table of hours and rates.

    Raises:
        DataError: naming the file, and the line where there is one.
    """
    table = settled(joined(read_series(files)), files.interval)
    refuse(funding_faults(table, files.interval, allow_gaps=allow_gaps))
    return table


def read_series(files: SeriesFiles) -> Iterator[Table]:
    """Read each file of a series as it is; faults stand in the tables."""
    fields = FUNDING if files.name.is_funding else CANDLES
    for path in files.paths:
        yield read_table(path, fields, files.name.pair, files.interval)


def joined(tables: Iterable[Table]) -> Table:
    """Put tables of parts together, in order of their first rows; each row keeps its place."""
    parts = list(tables)
    if len(parts) == 1:
        return parts[0]
    faults = tuple(fault for part in parts for fault in part.faults)
    filled = sorted(
        (part for part in parts if len(part.values)), key=lambda part: part.values[0, 0]
    )
    if not filled:
        return attrs.evolve(parts[0], faults=faults)
    return attrs.evolve(
        filled[0],
        values=np.concatenate([part.values for part in filled]),
        lines=np.concatenate([part.lines for part in filled]),
        files=tuple((part.path, part.in_lines) for part in filled),
        sources=np.repeat(np.arange(len(filled)), [len(part.values) for part in filled]),
        faults=faults,
    )


def refuse(faults: Iterable[Fault]) -> None:
    """Raise the first fault, if there is one.

    Raises:
        DataError: naming the file, and the line where there is one.
    """
    for fault in faults:
        raise fault.error()
