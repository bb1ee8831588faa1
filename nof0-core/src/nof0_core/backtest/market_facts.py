"""What a coin did in a window, and what its data lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
import numpy as np

from nof0_core.backtest.past_market import PastMarket, hourly_rates
from nof0_core.backtest.window import Window
from nof0_core.config.model import Config
from nof0_core.domain.candles import Interval, interval_ms, to_ms
from nof0_core.ids import Symbol
from nof0_core.indicators.catalog import lookback


@attrs.frozen(kw_only=True)
class CoinFacts:
    """One coin of one market section in a window.

    `first` and `last` are its marks (USD) at both ends, `bars` those of `resolution` that close
    inside, `missing` how many more there should be. `hours` are full hours inside, `rates` those
    with a recorded funding rate. `short` names the intervals with fewer bars before the window than
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
    short: tuple[tuple[Interval, int, int], ...] = ()

    @property
    def return_pct(self) -> float:
        """Return what holding the coin made, in percent, without costs and funding."""
        return 100 * (self.last / self.first - 1)


def coin_facts(
    config: Config, section: str, market: PastMarket, symbols: Iterable[Symbol], window: Window
) -> Iterator[CoinFacts]:
    """Yield the facts of the coins of a market, in their order."""
    covers = market.recorded()
    length = interval_ms(covers.resolution)
    start, end = to_ms(window.start), to_ms(min(window.end, covers.end))
    hour = interval_ms("1h")
    hours = end // hour - start // hour
    for symbol in symbols:
        bars = market.history(symbol, covers.resolution)
        closes = bars.open_time + length
        first, last = (int(np.searchsorted(closes, at, side="right")) for at in (start, end))
        expected = end // length - start // length
        rates = sum(1 for moment, _ in hourly_rates(market, symbol) if start < to_ms(moment) <= end)
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
            short=tuple(_short(config, market, symbol, start)),
        )


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
