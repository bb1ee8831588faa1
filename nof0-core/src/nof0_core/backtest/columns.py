"""What is known of a coin at each moment at which a trader decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from nof0_core.domain.candles import Interval, interval_ms
from nof0_core.market.record import BAR_COLUMNS
from nof0_core.market.recorded import RecordedSeries

Times = npt.NDArray[np.int64]


class Columns(Mapping[str, npt.NDArray[Any]]):
    """The columns of `nof0_core.protocols.wakes`; each is cut when somebody looks at it.

    Args:
        times: the moments, in milliseconds UTC, ascending.
        marks: the marks then.
        series: whole series of the coin, by interval.
    """

    def __init__(
        self,
        times: Times,
        marks: npt.NDArray[np.float64],
        series: Mapping[Interval, RecordedSeries],
    ) -> None:
        self._times, self._marks, self._series = times, marks, series
        self._newest: dict[Interval, Times] = {}
        self._names = {"time": None, "mark": None} | {
            f"{interval}.{name}": (interval, name)
            for interval, one in series.items()
            for name in ("open_time", *BAR_COLUMNS, *one.indicators)
        }

    def until(self, count: int) -> Columns:
        """Return the columns of the first moments only."""
        return Columns(self._times[:count], self._marks[:count], self._series)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        place = self._names[name]
        if place is None:
            found = self._times if name == "time" else self._marks
            found = found.view()
        else:
            found = self._cut(*place)
        found.flags.writeable = False
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _cut(self, interval: Interval, name: str) -> npt.NDArray[Any]:
        one = self._series[interval]
        if interval not in self._newest:
            closes = one.candles.open_time + interval_ms(interval)
            self._newest[interval] = np.searchsorted(closes, self._times, side="right") - 1
        newest = self._newest[interval]
        is_bar = name == "open_time" or name in BAR_COLUMNS
        column = getattr(one.candles, name) if is_bar else one.indicators[name]
        lacking: Any = -1 if name == "open_time" else np.nan
        return np.where(newest >= 0, column[np.maximum(newest, 0)], lacking)
