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
from nof0_core.recordings.writing import candle_rows, file_name, write_rows

HOURLY = Interval("1h")


def history_folder(data_directory: Path, section: str) -> Path:
    """Return where downloads of a market section are kept."""
    return data_directory / "history" / section


class KeptSeries:
    """Rows of one series in a folder of recordings; shape (n, columns), oldest first.

    What was added is in the file once `write` has returned: until then the old file is there, and
    whatever happens meanwhile, one of the two is whole.
    """

    def __init__(self, folder: Path, symbol: Symbol, interval: Interval | None) -> None:
        """Read what is there; `interval` None: funding rates.

        Raises:
            DataError: the file is damaged, or is one that cannot be added to; says what to do.
        """
        self.is_funding = interval is None
        self.interval = HOURLY if interval is None else interval
        self.length_ms = interval_ms(self.interval)
        columns = FUNDING_COLUMNS if self.is_funding else CANDLE_COLUMNS
        name = file_name(symbol, self.interval, "csv", is_funding=self.is_funding)
        self.path = folder / name
        self._rows: FloatArray = np.empty((0, len(columns)))
        self._added: list[FloatArray] = []
        self.added = 0
        for files in self._there(folder, symbol):
            other = next((path for path in files.paths if path != self.path), None)
            if other is not None:
                message = f"{other}: holds the same series, and cannot be added to"
                raise DataError(message, hints=(f"write it as {name}, or move it away",))
            if self.is_funding:
                self._rows = load_funding(files, allow_gaps=True).values
            else:
                self._rows = candle_rows(load_candles(files, allow_gaps=True))

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
        write_rows(self.path, rows, "csv")
        self._rows, self._added = rows, []

    def _all(self) -> FloatArray:
        return np.concatenate((self._rows, *self._added)) if self._added else self._rows
