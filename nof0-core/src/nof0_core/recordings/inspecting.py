"""What a folder of recordings holds, and all that is wrong with it."""

from __future__ import annotations

import attrs

from nof0_core.domain.candles import from_ms, interval_ms
from nof0_core.recordings.checking import candle_faults, funding_faults, settled
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.listing import SeriesFiles
from nof0_core.recordings.loading import joined, read_series
from nof0_core.recordings.oddities import oddities
from nof0_core.recordings.table import Table


@attrs.frozen(kw_only=True)
class SeriesReport:
    """One series as its files are.

    `start` and `end` are ISO 8601 times at which its first row opens and its last one closes,
    "" where no row can be read. `faults` are what a run refuses, gaps included (`gaps` of them);
    `odd` may be true. Both stand in the order of files and lines.
    """

    coin: str
    interval: str
    is_funding: bool
    files: tuple[str, ...]
    rows: int
    start: str
    end: str
    gaps: int
    faults: tuple[Fault, ...]
    odd: tuple[Fault, ...]


def inspect(files: SeriesFiles) -> SeriesReport:
    """Read a series and look for everything that is wrong with it; nothing is raised."""
    table = joined(read_series(files))
    is_funding = files.name.is_funding
    if is_funding and len(table.values):
        table = settled(table, files.interval)
    check = funding_faults if is_funding else candle_faults
    faults = sorted(check(table, files.interval, allow_gaps=False), key=_place)
    odd = () if is_funding else sorted(oddities(table), key=_place)
    start, end = _span(table, 0 if is_funding else interval_ms(files.interval))
    return SeriesReport(
        coin=files.coin.upper(),
        interval=str(files.interval),
        is_funding=is_funding,
        files=tuple(path.name for path in files.paths),
        rows=len(table.values),
        start=start,
        end=end,
        gaps=sum(fault.kind == "gap" for fault in faults),
        faults=tuple(faults),
        odd=tuple(odd),
    )


def _place(fault: Fault) -> tuple[str, int]:
    return str(fault.path), fault.line


def _span(table: Table, length_ms: int) -> tuple[str, str]:
    times = table.values[:, 0]
    known = times[times == times]  # noqa: PLR0124 - not NaN
    if not len(known):
        return "", ""
    first, last = from_ms(int(known.min())), from_ms(int(known.max()) + length_ms)
    return f"{first:%Y-%m-%dT%H:%M:%SZ}", f"{last:%Y-%m-%dT%H:%M:%SZ}"
