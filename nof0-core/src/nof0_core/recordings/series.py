"""Series that are looked up by time."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import numpy as np

from nof0_core.domain.candles import Candles, FloatArray, TimeArray, interval_ms, readonly
from nof0_core.money import decimal


class BarSeries:
    """All bars of one symbol and interval.

    Finding the newest bar at a time is one division where no bar is missing, else a search.
    """

    def __init__(self, candles: Candles) -> None:
        self.candles = candles
        self.length_ms = interval_ms(candles.interval)
        self.first_open = int(candles.open_time[0])
        self.last_close = int(candles.open_time[-1]) + self.length_ms
        self._count = len(candles)
        self._is_gapless = self.last_close - self.first_open == len(candles) * self.length_ms
        turnover = np.concatenate(([0.0], np.cumsum(candles.close * candles.volume)))
        self._turnover: FloatArray = readonly(turnover)

    def closed(self, now_ms: int) -> int:
        """Return how many bars have closed at or before a time."""
        if self._is_gapless:
            return max(0, min(self._count, (now_ms - self.first_open) // self.length_ms))
        return int(np.searchsorted(self.candles.open_time, now_ms - self.length_ms, side="right"))

    def turnover(self, from_ms: int, to_ms: int) -> float | None:
        """Return Σ close x volume, USD, of bars closed in (from, to]; None before the first bar."""
        if from_ms < self.first_open:
            return None
        return float(self._turnover[self.closed(to_ms)] - self._turnover[self.closed(from_ms)])


class RateSeries:
    """Funding rates of one symbol by the hour at which they were paid."""

    def __init__(self, times: TimeArray, rates: FloatArray) -> None:
        """Keep the rates: `times` (n,) in ms, ascending; `rates` (n,), fraction per hour."""
        self._times: TimeArray = readonly(times, np.int64)
        self._values: FloatArray = readonly(rates)
        self._rates = [decimal(float(rate)) for rate in rates]

    def at(self, now_ms: int) -> Decimal | None:
        """Return the newest rate at or before a time; None before the first."""
        count = int(np.searchsorted(self._times, now_ms, side="right"))
        return self._rates[count - 1] if count else None

    def columns(self) -> tuple[TimeArray, FloatArray]:
        """Return times and rates as they were given."""
        return self._times, self._values

    def digest(self) -> str:
        """Return SHA-256, in hexadecimal, of all times and rates."""
        found = hashlib.sha256(self._times.tobytes())
        found.update(" ".join(map(str, self._rates)).encode())
        return found.hexdigest()

    def has(self, hour_ms: int) -> bool:
        """Tell whether the rate of exactly this time is known."""
        place = int(np.searchsorted(self._times, hour_ms))
        return place < len(self._times) and int(self._times[place]) == hour_ms
