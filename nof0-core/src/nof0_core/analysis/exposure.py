"""How long a trader was long, short or out of the market, in coin-minutes."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from nof0_core.money import ratio


@attrs.frozen(kw_only=True)
class Stay:
    """A coin held from `start` to `end` (seconds since 1970 UTC)."""

    symbol: str
    is_long: bool
    start: float
    end: float


@attrs.frozen(kw_only=True)
class Exposure:
    """Coin-minutes over all coins a trader deals with: two coins for an hour are 120."""

    long_mins: float = 0.0
    short_mins: float = 0.0
    flat_mins: float = 0.0

    def pct(self, mins: float) -> float:
        """Return minutes in percent of all three together."""
        return 100 * ratio(mins, self.long_mins + self.short_mins + self.flat_mins)


def exposure(held: Iterable[Stay], *, coins: int, start: float, end: float) -> Exposure:
    """Add up coin-minutes from `start` to `end`.

    Stays of the same coin and side that overlap count once: a position closed in two parts makes
    two trades that began together. What is neither long nor short of `coins` x time is flat.
    """
    minutes = {True: 0.0, False: 0.0}
    covered: dict[tuple[str, bool], float] = {}
    for stay in sorted(held, key=lambda stay: stay.start):
        key = (stay.symbol, stay.is_long)
        begin = max(stay.start, covered.get(key, start))
        finish = min(stay.end, end)
        if finish > begin:
            minutes[stay.is_long] += (finish - begin) / 60
            covered[key] = finish
    flat = coins * max(0.0, end - start) / 60 - minutes[True] - minutes[False]
    return Exposure(long_mins=minutes[True], short_mins=minutes[False], flat_mins=max(0.0, flat))
