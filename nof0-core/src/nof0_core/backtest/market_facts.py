"""What a coin did in a window, and what its data lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import attrs
import numpy as np

from nof0_core.backtest.past_market import PastMarket, hourly_rates
from nof0_core.config.model import Config
from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.ids import Symbol
from nof0_core.indicators.catalog import lookback
from nof0_core.recordings.oddities import outliers

_STEP = 0.04
"""By which part a bar leaves the close before it, where none by less is far from its neighbours."""
_APART = 0.01
"""Bars of two lengths that close at one moment may differ by that part."""


@attrs.frozen(kw_only=True)
class CoinFacts:
    """One coin of one market section in a window.

    `first` and `last` are its marks (USD) at both ends, `bars` those of `resolution` that close
    inside, `missing` how many more there should be. `hours` are full hours inside, `rates` those
    with a recorded funding rate. `still` are bars without volume, `odd` those far from the ones
    around them. `apart` names intervals whose bars close elsewhere than those of `resolution`, and
    by how many percent at most. `short` names the intervals with fewer bars before the window than
    traders are shown with all indicators: how many there are, and how many are needed.
    """

    section: str
    symbol: Symbol
    resolution: Interval
    first: float
    last: float
    bars: int
    missing: int
    hours: int
    rates: int
    still: int = 0
    odd: int = 0
    apart: tuple[tuple[Interval, float], ...] = ()
    short: tuple[tuple[Interval, int, int], ...] = ()

    @property
    def return_pct(self) -> float:
        """Return what holding the coin made, in percent, without costs and funding."""
        return 100 * (self.last / self.first - 1)


def coin_facts(
    config: Config,
    section: str,
    market: PastMarket,
    symbols: Iterable[Symbol],
    start: datetime,
    end: datetime,
) -> Iterator[CoinFacts]:
    """Yield the facts of the coins of a market between two moments, in their order."""
    covers = market.recorded()
    length = interval_ms(covers.resolution)
    begin, until = to_ms(start), to_ms(min(end, covers.end))
    hour = interval_ms("1h")
    hours = until // hour - begin // hour
    for symbol in symbols:
        bars = market.history(symbol, covers.resolution)
        closes = bars.open_time + length
        first, last = (int(np.searchsorted(closes, at, side="right")) for at in (begin, until))
        expected = until // length - begin // length
        rates = sum(
            1 for moment, _ in hourly_rates(market, symbol) if begin < to_ms(moment) <= until
        )
        yield CoinFacts(
            section=section,
            symbol=symbol,
            resolution=covers.resolution,
            first=float(bars.close[max(0, first - 1)]),
            last=float(bars.close[max(0, last - 1)]),
            bars=last - first,
            missing=max(0, expected - (last - first)),
            hours=hours,
            rates=rates,
            still=int((bars.volume[first:last] == 0).sum()),
            odd=_odd(bars, first, last),
            apart=tuple(_apart(config, market, symbol, bars, until)),
            short=tuple(_short(config, market, symbol, begin)),
        )


def _odd(bars: Candles, first: int, last: int) -> int:
    """Count bars that leave those around them by far; a look at single steps spares most of it."""
    before = bars.close[max(0, first - 1) : max(0, last - 1)]
    after = slice(last - len(before), last)
    steps = np.maximum(np.abs(bars.high[after] / before - 1), np.abs(bars.low[after] / before - 1))
    if not (steps > _STEP).any():
        return 0
    return int(outliers(bars.high, bars.low, bars.close)[first:last].sum())


def _apart(
    config: Config, market: PastMarket, symbol: Symbol, finest: Candles, until: int
) -> Iterator[tuple[Interval, float]]:
    closes = finest.open_time + interval_ms(finest.interval)
    for interval in config.intervals:
        bars = market.history(symbol, interval)
        ends = bars.open_time + interval_ms(interval)
        _, one, other = np.intersect1d(
            ends[ends <= until], closes, assume_unique=True, return_indices=True
        )
        if len(one):
            worst = float(np.abs(bars.close[one] / finest.close[other] - 1).max())
            if worst > _APART:
                yield interval, 100 * worst


def _short(
    config: Config, market: PastMarket, symbol: Symbol, start: int
) -> Iterator[tuple[Interval, int, int]]:
    wanted = max(
        (
            lookback(config.indicators_of(trader))
            for trader in config.traders
            if symbol in trader.symbols
        ),
        default=0,
    )
    needed = wanted + config.series_bars
    for interval in config.intervals:
        bars = market.history(symbol, interval)
        before = int(np.searchsorted(bars.open_time + interval_ms(interval), start, side="right"))
        if before < needed:
            yield interval, before, needed
