"""The way the mark of one coin takes through a window."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from nof0_core.domain.candles import Candles, FloatArray, interval_ms
from nof0_core.money import decimal

Times = npt.NDArray[np.int64]


_CAUTION = 1e-9
"""By how much, relatively, a price in floats is moved towards the path before it is looked for."""


class PricePath:
    """The finest bars of a coin; the close of each is its mark until the next.

    All times are milliseconds UTC.
    """

    def __init__(self, bars: Candles) -> None:
        self.length = interval_ms(bars.interval)
        self._closed: Times = bars.open_time + self.length
        self._closes: FloatArray = bars.close
        self._lows, self._highs = bars.low, bars.high
        self._first = int(self._closed[0]) if len(bars) else 0
        span = int(self._closed[-1]) - self._first if len(bars) else 0
        self._is_gapless = len(bars) > 0 and span == (len(bars) - 1) * self.length

    @property
    def is_on_grid(self) -> bool:
        """Tell whether all bars close on the grid of their length."""
        return len(self._closed) > 0 and not (self._closed % self.length).any()

    def count(self, moment: int) -> int:
        """Return how many bars have closed at a moment."""
        if self._is_gapless:
            passed = (moment - self._first) // self.length + 1
            return max(0, min(len(self._closed), passed))
        return int(np.searchsorted(self._closed, moment, side="right"))

    def mark(self, moment: int) -> Decimal | None:
        """Return the mark at a moment; None before the first bar has closed."""
        count = self.count(moment)
        return decimal(float(self._closes[count - 1])) if count else None

    def between(self, after: int, until: int) -> FloatArray:
        """Return the marks that begin in (after, until], one for each bar."""
        return self._closes[self.count(after) : self.count(until)]

    def touch(self, after: int, until: int, price: Decimal, *, is_below: bool) -> int | None:
        """Return when the first bar closes, in (after, until], that may come to a price.

        It falls to one that `is_below`, else it rises to it. None: no bar does.
        """
        bars = slice(self.count(after), self.count(until))
        if is_below:
            found = self._lows[bars] <= float(price) * (1 + _CAUTION)
        else:
            found = self._highs[bars] >= float(price) * (1 - _CAUTION)
        place = int(found.argmax()) if len(found) else 0
        return int(self._closed[bars][place]) if len(found) and found[place] else None

    def along(self, first: int, last: int, step: int) -> FloatArray:
        """Return the marks at the moments from `first` to `last`, `step` apart; see `at`."""
        stride, rest = divmod(step, self.length)
        begin, end = (first - self._first) // self.length, (last - self._first) // self.length
        if self._is_gapless and not rest and begin >= 0 and end < len(self._closes):
            return self._closes[begin : end + 1 : stride]
        return self.at(np.arange(first, last + 1, step, dtype=np.int64))

    def at(self, moments: Times) -> FloatArray:
        """Return the marks at many moments; NaN before the first bar has closed."""
        if self._is_gapless:
            passed = (moments - self._first) // self.length
            newest = np.minimum(passed, len(self._closed) - 1)
        else:
            newest = np.searchsorted(self._closed, moments, side="right") - 1
        return np.where(newest >= 0, self._closes[np.maximum(newest, 0)], np.nan)


class Holes:
    """When a bar of one of several series of a coin is missing, or there is none yet or any more.

    Then the coin may not be shown, or have no price. Times are milliseconds UTC.
    """

    def __init__(self, series: Iterable[Candles]) -> None:
        found: list[tuple[int, float]] = []
        for bars in series:
            length = interval_ms(bars.interval)
            closed = bars.open_time + length
            if not len(closed):
                found.append((0, float("inf")))
                continue
            found.append((0, float(closed[0])))
            found += [
                (int(closed[at]) + length, float(closed[at + 1]))
                for at in np.flatnonzero(np.diff(closed) != length).tolist()
            ]
            found.append((int(closed[-1]) + length, float("inf")))
        # Lists: single moments are looked up, at every wake-up.
        self._starts = [start for start, _ in sorted(found)]
        # The furthest end of those that have begun: a short one may lie inside a long one.
        self._ends = list(accumulate((end for _, end in sorted(found)), max))

    def covers(self, moment: int) -> bool:
        """Tell whether something is missing at a moment."""
        begun = bisect_right(self._starts, moment)
        return begun > 0 and moment < self._ends[begun - 1]

    def next_start(self, after: int) -> int | None:
        """Return when something is missing next, later than a moment; None for never."""
        begun = bisect_right(self._starts, after)
        return self._starts[begun] if begun < len(self._starts) else None
