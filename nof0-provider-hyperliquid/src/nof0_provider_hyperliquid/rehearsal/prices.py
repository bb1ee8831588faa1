"""What a coin costs at any moment: recorded bars of a minute, and a seeded walk after them."""

from __future__ import annotations

import math
import random

import numpy as np
import numpy.typing as npt
from attrs import frozen

from nof0_provider_hyperliquid.rehearsal.wire_numbers import rounded_prices

MINUTE_MS = 60_000
CHUNK = 1_440
"""Minutes that are made up at a time."""
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)

Bars = npt.NDArray[np.float64]
"""Shape (n, 5): open, high, low, close in USD, volume in coins."""


@frozen
class Bar:
    """A bar, finished or as far as it has come."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int


class PricePath:
    """Prices of one coin from `start_ms` on, the same for the same seed, however they are asked.

    Within a minute the price goes straight from open to the nearer extreme, to the other, to close.
    """

    def __init__(
        self,
        *,
        coin: str,
        seed: int,
        start_ms: int,
        base: float,
        sz_decimals: int,
        recorded: Bars | None = None,
        volatility: float = 0.0006,
    ) -> None:
        """Begin at `start_ms`, a full minute.

        Args:
            coin: its name.
            seed: of the walk.
            start_ms: open time of the first minute, UTC.
            base: price in USD at which a walk begins where nothing is recorded.
            sz_decimals: of the coin, for the rounding.
            recorded: minutes that come first.
            volatility: standard deviation of a minute's return, as a fraction.
        """
        self.start_ms = start_ms
        self._seed = f"{seed} {coin}"
        self._sz_decimals = sz_decimals
        self._volatility = volatility
        self._recorded: Bars = (
            np.empty((0, 5)) if recorded is None else np.array(recorded, dtype=float)
        )
        self._anchors = [float(self._recorded[-1, CLOSE]) if len(self._recorded) else base]
        self._anchor_rng = random.Random(f"{self._seed} anchors")
        self._base = base
        self._chunks: dict[int, Bars] = {}

    def price(self, now_ms: int) -> float:
        """Return the price of a moment; before the start that of the start."""
        return self.bar(now_ms // MINUTE_MS * MINUTE_MS, MINUTE_MS, now_ms).close

    def bar(self, open_ms: int, length_ms: int, now_ms: int) -> Bar:
        """Return the bar that opened at a moment, as it stands at `now_ms`."""
        first = max(0, (open_ms - self.start_ms) // MINUTE_MS)
        now_ms = max(now_ms, self.start_ms)
        end_ms = min(open_ms + length_ms, now_ms)
        whole = max(first, (end_ms - self.start_ms) // MINUTE_MS)
        parts = self._minutes(first, whole)
        rest = end_ms - self.start_ms - whole * MINUTE_MS
        if end_ms < open_ms + length_ms or not len(parts):
            parts = np.vstack([parts, self._part(whole, rest / MINUTE_MS)])
        volume = float(parts[:, VOLUME].sum())
        return Bar(
            open_ms=open_ms,
            open=float(parts[0, OPEN]),
            high=float(parts[:, HIGH].max()),
            low=float(parts[:, LOW].min()),
            close=float(parts[-1, CLOSE]),
            volume=round(volume, self._sz_decimals),
            trades=int(volume) % 997 + len(parts),
        )

    def _part(self, number: int, fraction: float) -> Bars:
        """Return a minute of which only a fraction has passed."""
        open_, high, low, close, volume = self._minutes(number, number + 1)[0]
        turns = (open_, low, high, close) if close >= open_ else (open_, high, low, close)
        leg, along = divmod(min(fraction, 1.0) * 3, 1)
        before = int(min(leg, 2))
        along = 1.0 if leg >= 3 else along
        now = turns[before] + (turns[before + 1] - turns[before]) * along
        now = float(rounded_prices(np.array([now]), self._sz_decimals)[0])
        seen = [*turns[: before + 1], now]
        return np.array([[open_, max(seen), min(seen), now, volume * fraction]])

    def _minutes(self, first: int, end: int) -> Bars:
        """Return minutes by number, `end` left out."""
        known = len(self._recorded)
        if first >= end:
            return self._recorded[:0]
        parts = [self._recorded[first:end]] if first < known else []
        first, end = max(first - known, 0), end - known
        for number in range(first // CHUNK, -(-end // CHUNK)):
            offset = number * CHUNK
            chunk = self._chunk(number)
            parts.append(chunk[max(first - offset, 0) : end - offset])
        return parts[0] if len(parts) == 1 else np.vstack(parts)

    def _chunk(self, number: int) -> Bars:
        """Return minutes that are made up: a walk from one anchor to the next."""
        if number not in self._chunks:
            self._chunks[number] = self._walk(number, *self._between(number))
        return self._chunks[number]

    def _between(self, number: int) -> tuple[float, float]:
        """Return the prices at which a chunk begins and ends."""
        while len(self._anchors) <= number + 1:
            last = self._anchors[-1]
            # A little of the way back: years later it costs neither 0 nor millions.
            back = -0.1 * math.log(last / self._base)
            step = self._anchor_rng.gauss(0.0, self._volatility * math.sqrt(CHUNK))
            self._anchors.append(last * math.exp(step + back))
        return self._anchors[number], self._anchors[number + 1]

    def _walk(self, number: int, begin: float, end: float) -> Bars:
        rng = random.Random(f"{self._seed} {number}")
        walk = np.cumsum(_gauss(rng, self._volatility))
        drift = (math.log(end / begin) - walk[-1]) / CHUNK
        close = begin * np.exp(walk + drift * np.arange(1, CHUNK + 1))
        begin = float(rounded_prices(np.array([begin]), self._sz_decimals)[0])
        close = rounded_prices(close, self._sz_decimals)
        open_ = np.concatenate([[begin], close[:-1]])
        above, below = (np.abs(_gauss(rng, self._volatility / 2)) for _ in range(2))
        high = rounded_prices(np.maximum(open_, close) * (1 + above), self._sz_decimals)
        low = rounded_prices(np.minimum(open_, close) * (1 - below), self._sz_decimals)
        volume = np.round(np.exp(_gauss(rng, 1.0)) * 200_000 / close, self._sz_decimals)
        return np.column_stack([open_, high, low, close, volume])


def _gauss(rng: random.Random, sigma: float) -> npt.NDArray[np.float64]:
    return np.array([rng.gauss(0.0, sigma) for _ in range(CHUNK)])
