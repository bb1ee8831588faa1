"""A file of one recorded series that grows: read, added to, put in its place as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nof0_core.domain.candles import FloatArray, Interval, interval_ms
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.recordings.layout import CANDLE_COLUMNS, FUNDING_COLUMNS
from nof0_core.recordings.listing import SeriesFiles, list_folder
from nof0_core.recordings.loading import load_candles, load_funding, refuse
from nof0_core.recordings.writing import (
    FORMATS,
    candle_rows,
    check_writable,
    file_name,
    write_rows,
)

HOURLY = Interval("1h")


def history_folder(data_directory: Path, section: str) -> Path:
    """Return where downloads of a market section are kept."""
    return data_directory / "history" / section


class KeptSeries:
    """Rows of one series in a folder of recordings; shape (n, columns), oldest first.

    What was added is in the file once `write` has returned: until then the old file is there, and
    whatever happens meanwhile, one of the two is whole.
    """

    def __init__(
        self, folder: Path, symbol: Symbol, interval: Interval | None, form: str = ""
    ) -> None:
        """Read what is there.

        Args:
            folder: of recordings; it need not be there.
            symbol: the coin.
            interval: of its bars; None: funding rates.
            form: one of `FORMATS`; empty: that of the file that is there, else Parquet.

        Raises:
            DataError: the file is damaged, or is one that cannot be added to, or the form cannot be
                written here; says what to do.
        """
        self.is_funding = interval is None
        self.interval = HOURLY if interval is None else interval
        self.length_ms = interval_ms(self.interval)
        columns = FUNDING_COLUMNS if self.is_funding else CANDLE_COLUMNS
        there = self._there(folder, symbol)
        self.path, self._form = self._place(folder, symbol, form, there)
        self._rows: FloatArray = np.empty((0, len(columns)))
        self._added: list[FloatArray] = []
        self.added = 0
        for files in there:
            if self.is_funding:
                self._rows = load_funding(files, allow_gaps=True).values
            else:
                self._rows = candle_rows(load_candles(files, allow_gaps=True))

    def _place(
        self, folder: Path, symbol: Symbol, form: str, there: Sequence[SeriesFiles]
    ) -> tuple[Path, str]:
        """Return the file to write and its form."""
        own = {
            folder / file_name(symbol, self.interval, each, is_funding=self.is_funding): each
            for each in FORMATS
        }
        found = [path for files in there for path in files.paths]
        has = next((own[path] for path in found if path in own), "")
        wanted = form or has or "parquet"
        path = next(path for path, each in own.items() if each == wanted)
        other = next((each for each in found if each != path), None)
        if other is not None:
            message = f"{other}: holds the same series, and cannot be added to"
            hint = f"leave --format out to go on with {other.name}" if own.get(other) else ""
            away = f"write it as {path.name}, or move it away"
            raise DataError(message, hints=(hint, away) if hint else (away,))
        check_writable(path, wanted)
        return path, wanted

    def _there(self, folder: Path, symbol: Symbol) -> list[SeriesFiles]:
        if not folder.exists():
            return []
        listing = list_folder(folder, [symbol])
        refuse(listing.faults)
        what = self.interval, self.is_funding
        return [each for each in listing.series if (each.interval, each.name.is_funding) == what]

    def __len__(self) -> int:
        """Return how many rows there are, those added since included."""
        return len(self._rows) + sum(len(rows) for rows in self._added)

    @property
    def first(self) -> int | None:
        """Return the time of the first row, ms; None where there is none."""
        rows = self._all()
        return int(rows[0, 0]) if len(rows) else None

    @property
    def next(self) -> int | None:
        """Return when the row after the last one would begin, ms; None where there is none."""
        last = next((rows for rows in reversed((self._rows, *self._added)) if len(rows)), None)
        return int(last[-1, 0]) + self.length_ms if last is not None else None

    @property
    def gaps(self) -> tuple[int, int]:
        """Return how many gaps there are, and how many rows are missing in them."""
        steps = np.diff(self._all()[:, 0]) if len(self) > 1 else np.empty(0)
        wide = steps[steps > self.length_ms]
        return len(wide), int((wide // self.length_ms - 1).sum())

    def add(self, columns: Sequence[FloatArray]) -> None:
        """Add rows, which are later than all that are there, by column."""
        rows = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])
        if len(rows):
            self._added.append(rows)
            self.added += len(rows)

    @property
    def unwritten(self) -> int:
        """Return how many rows are not in the file yet."""
        return sum(len(rows) for rows in self._added)

    def write(self) -> None:
        """Put the file with all rows in the place of the old one.

        Raises:
            DataError: it could not be written; the old one is still there.
        """
        if not self._added:
            return
        rows = self._all()
        write_rows(self.path, rows, self._form)
        self._rows, self._added = rows, []

    def _all(self) -> FloatArray:
        return np.concatenate((self._rows, *self._added)) if self._added else self._rows
