"""Finding and loading the files of a recording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np

from nof0_core.domain.candles import Interval
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.recordings.checking import check_funding, checked_candles
from nof0_core.recordings.recording import Recording
from nof0_core.recordings.series import BarSeries, RateSeries
from nof0_core.recordings.table import CANDLE_COLUMNS, FUNDING_COLUMNS, SUFFIXES, read_table

_NAME = re.compile(
    r"(?:.+_)?(?P<symbol>(?!funding_)[A-Za-z0-9]+)_(?P<funding>funding_)?(?P<interval>[1-9]\d*[smhdw])"
    r"\.(?:csv|csv\.gz|parquet)"
)
_PATTERN = "<symbol>_<interval>.csv.gz or <symbol>_funding_1h.csv.gz, for example hl_btc_3m.csv.gz"


@attrs.frozen(kw_only=True)
class _File:
    path: Path
    symbol: str
    interval: Interval
    is_funding: bool


def load_folder(folder: Path, symbols: Sequence[str], *, allow_gaps: bool) -> Recording:
    """Load all candle and funding files of a directory.

    File names are `<prefix>_<symbol>_<interval>` and `<prefix>_<symbol>_funding_1h`, the prefix may
    be missing; case does not matter. Symbols are spelled as in `symbols`, which also limits what is
    loaded; if it is empty all are, in capitals.

    Raises:
        DataError: naming the file, and the line where there is one.
    """
    wanted = {symbol.lower(): Symbol(symbol) for symbol in symbols}
    bars: dict[Symbol, dict[Interval, BarSeries]] = {}
    rates: dict[Symbol, RateSeries] = {}
    for file in _files(folder):
        if wanted and file.symbol.lower() not in wanted:
            continue
        symbol = wanted.get(file.symbol.lower(), Symbol(file.symbol.upper()))
        if file.is_funding:
            table = read_table(file.path, FUNDING_COLUMNS)
            check_funding(table, file.interval, allow_gaps=allow_gaps)
            times, values = table.values.T
            rates[symbol] = RateSeries(times.astype(np.int64), values)
        else:
            table = read_table(file.path, CANDLE_COLUMNS)
            candles = checked_candles(table, file.interval, allow_gaps=allow_gaps)
            bars.setdefault(symbol, {})[file.interval] = BarSeries(candles)
    missing = [symbol for symbol in wanted.values() if symbol not in bars]
    if missing or not bars:
        what = ", ".join(missing) if missing else "any symbol"
        msg = f"{folder}: there are no candle files of {what}"
        raise DataError(msg, hints=(f"name them {_PATTERN}",))
    return Recording(bars, rates)


def series_files(
    folder: Path, symbol: Symbol, interval: Interval, *, is_funding: bool
) -> list[Path]:
    """Return the files of one series in a directory, which may not be there.

    Raises:
        DataError: the directory has a file whose name tells no series, or one series twice.
    """
    if not folder.exists():
        return []
    return [
        file.path
        for file in _files(folder)
        if file.symbol.lower() == symbol.lower()
        and (file.interval, file.is_funding) == (interval, is_funding)
    ]


def _files(folder: Path) -> list[_File]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
    except OSError as error:
        msg = f"{folder}: cannot list the directory: {error.strerror}"
        raise DataError(
            msg,
            hints=("set `data:` to a directory of candle files, or leave it out",),
        ) from error
    found: dict[tuple[str, Interval, bool], _File] = {}
    for path in paths:
        match = _NAME.fullmatch(path.name)
        if match is None:
            msg = f"{path}: the name does not tell symbol and interval"
            raise DataError(
                msg,
                hints=(f"name it {_PATTERN}", "or move it out of the directory"),
            )
        file = _File(
            path=path,
            symbol=match["symbol"],
            interval=Interval(match["interval"]),
            is_funding=match["funding"] is not None,
        )
        if file.is_funding and file.interval != "1h":
            msg = f"{path}: funding is paid every hour, not every {file.interval}"
            raise DataError(
                msg,
                hints=("rename to …_funding_1h and give hourly rates",),
            )
        key = (file.symbol.lower(), file.interval, file.is_funding)
        if key in found:
            msg = f"{path}: {found[key].path.name} holds the same series"
            raise DataError(
                msg,
                hints=("keep one of the two files",),
            )
        found[key] = file
    return list(found.values())
