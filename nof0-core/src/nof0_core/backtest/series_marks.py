"""A mark of every bar of a series and all that is shown with it, to compare two runs by."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.domain.candles import from_ms, interval_ms
from nof0_core.ids import Symbol
from nof0_core.market.record import BAR_COLUMNS
from nof0_core.market.recorded import RecordedSeries

SeriesKey = tuple[str, str, Symbol, str]
"""Market section, name of the list of indicators, coin, interval."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@attrs.frozen(kw_only=True, eq=False)
class SeriesMarks:
    """When each bar closes (milliseconds UTC), and what its row hashes to; both of shape (n,)."""

    closed: npt.NDArray[np.int64]
    rows: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, series: RecordedSeries) -> SeriesMarks:
        """Hash bars and indicators of a series, bit for bit."""
        bars = series.candles
        rows = bars.open_time.astype(np.uint64)
        columns = [getattr(bars, name) for name in BAR_COLUMNS]
        for column in (*columns, *series.indicators.values()):
            rows = (rows ^ np.ascontiguousarray(column).view(np.uint64)) * _PRIME
            rows ^= rows >> np.uint64(32)
        return cls(closed=bars.open_time + interval_ms(bars.interval), rows=rows)

    def differs(self, other: SeriesMarks, until: int) -> str:
        """Say when the first bar closed by `until` that differs from another's, "" if none does."""
        count = int(np.searchsorted(self.closed, until, side="right"))
        if int(np.searchsorted(other.closed, until, side="right")) != count:
            return "the number of bars"
        different = np.flatnonzero(self.rows[:count] != other.rows[:count])
        if not len(different):
            return ""
        return f"the bar of {from_ms(int(self.closed[different[0]])):%Y-%m-%d %H:%M:%S}"
