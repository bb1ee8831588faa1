"""Series of a recorded market: indicators computed once, then only cut."""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nof0_core.border.bars import STALE_INTERVALS, checked_bars
from nof0_core.domain.candles import Candles, FloatArray, Interval, from_ms, interval_ms, readonly
from nof0_core.domain.snapshot import Series
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.indicators.computed import Computed
from nof0_core.indicators.recipe import Wanted
from nof0_core.indicators.window import Window
from nof0_core.market.record import BAR_COLUMNS, column_head, encode_rows
from nof0_core.market.view import EncodedSeries

_AHEAD = 256
"""Most bars that are written beforehand for the journal; nobody sees them before they close."""


class RecordedSeries:
    """All bars of one symbol and interval, shown up to the time of the clock."""

    def __init__(
        self,
        *,
        section: str,
        symbol: Symbol,
        interval: Interval,
        candles: Candles,
        indicators: Sequence[Wanted],
        bars: int,
    ) -> None:
        """Check the bars and compute the indicators over all of them.

        Raises:
            DataError: the recording is empty or contradicts itself.
        """
        candles = checked_bars(section, symbol, interval, candles)
        if not len(candles):
            message = f"market {section}: the recording has no {interval} bars of {symbol}"
            raise DataError(message, section=section)
        self._section = section
        self._what = f"{interval} bar of {symbol}"
        self._interval = interval
        self._length = interval_ms(interval)
        self._bars = bars
        self._candles = candles
        self._closes: list[int] = (candles.open_time + self._length).tolist()
        self._all = Computed(candles)
        self.show("", indicators)

    def show(self, own: str, indicators: Sequence[Wanted]) -> None:
        """Compute a list of indicators, which `own` stands for; from now on it is what is shown."""
        self._own = own
        self._computed = self._all.of(indicators)
        columns = [getattr(self._candles, name) for name in BAR_COLUMNS]
        self._table = readonly(np.stack([*columns, *self._computed.values()], axis=1))
        self._head = column_head(self._interval, self._computed)
        self._rows: list[bytes] = []
        self._first = 0
        self._shown: EncodedSeries | None = None
        self._since = 0

    def beside(self, name: str, indicators: Sequence[Wanted]) -> RecordedSeries:
        """Return the same bars with another list of indicators."""
        other = copy.copy(self)
        other.show(name, indicators)
        return other

    @property
    def candles(self) -> Candles:
        """Return all bars, those to come included."""
        return self._candles

    @property
    def indicators(self) -> Mapping[str, FloatArray]:
        """Return the indicators over all bars, by name."""
        return self._computed

    def ready(self, now: int) -> EncodedSeries:
        """Return the newest bars that closed at or before `now` (milliseconds UTC).

        Raises:
            DataError: no bar has closed yet, or the newest is too old to be shown.
        """
        shown = self._shown
        if shown is not None and self._since <= now < shown.fresh_until:
            return shown
        end = bisect_right(self._closes, now)
        if not end:
            begin = from_ms(self._closes[0])
            self._refuse(f"the first {self._what} closes at {begin:%Y-%m-%d %H:%M}")
        closed = self._closes[end - 1]
        stale_at = closed + STALE_INTERVALS * self._length
        if now >= stale_at:
            self._refuse(f"the newest {self._what} closed at {from_ms(closed):%Y-%m-%d %H:%M}")
        first = max(0, end - self._bars)
        indicators = Window(self._computed, slice(first, end), self._candles)
        bars = indicators.bars
        assert bars is not None  # noqa: S101 - it was given all of them
        self._since = closed
        self._shown = EncodedSeries(
            series=Series(interval=self._interval, candles=bars, indicators=indicators),
            head=self._head,
            rows=self._encoded(first, end),
            fresh_until=min(self._closes[end], stale_at) if end < len(self._closes) else stale_at,
            own=self._own,
        )
        return self._shown

    async def fetch(self) -> None:
        """Do nothing: everything is there already."""

    def _encoded(self, first: int, end: int) -> list[bytes]:
        """Write the bars of a window.

        One that goes on where the last one was has a stretch beyond it written along, at a better
        price, and a longer one each time: whoever jumps needs none of what lies between.
        """
        known = self._first + len(self._rows)
        if not self._first <= first <= end <= known:
            goes_on = self._first <= first <= known
            ahead = slice(first, end + (min(_AHEAD, len(self._rows)) if goes_on else 0))
            open_times = self._candles.open_time[ahead].tolist()
            self._rows = encode_rows(open_times, self._table[ahead].tolist())
            self._first = first
        return self._rows[first - self._first : end - self._first]

    def _refuse(self, message: str) -> None:
        raise DataError(f"market {self._section}: {message}", section=self._section)  # noqa: EM102


def whole_series(sources: Iterable[tuple[Interval, object]]) -> Mapping[Interval, RecordedSeries]:
    """Return those of the sources of a coin that are whole recorded series."""
    return {each: one for each, one in sources if isinstance(one, RecordedSeries)}
