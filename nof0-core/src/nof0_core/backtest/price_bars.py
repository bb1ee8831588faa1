"""Prices of a window as a chart shows them: few bars, whatever there were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.backtest.past_market import PastMarket
from nof0_core.backtest.window import Window
from nof0_core.domain.candles import FloatArray, interval_ms, to_ms
from nof0_core.ids import Symbol

_MOST, _IN_ALL = 1200, 16_000
"""So many bars at most of one coin, and of all together."""


@attrs.frozen(kw_only=True, eq=False)
class PriceBars:
    """Bars of one coin of one market section, oldest first, columns of shape (n,).

    `time` is when each closes (ms UTC), prices are in USD; each is made of as many recorded bars
    as it takes.
    """

    section: str
    symbol: Symbol
    time: npt.NDArray[np.int64]
    high: FloatArray
    low: FloatArray
    close: FloatArray


def price_bars(
    section: str, market: PastMarket, symbols: Iterable[Symbol], window: Window, *, coins: int
) -> Iterator[PriceBars]:
    """Yield the bars of a window for each coin of a market; `coins` is how many there are in all.

    A bar that closes with the start of the window comes first, so that the chart has its price.
    """
    covers = market.recorded()
    length = interval_ms(covers.resolution)
    most = max(2, min(_MOST, _IN_ALL // max(1, coins)))
    for symbol in symbols:
        bars = market.history(symbol, covers.resolution)
        closes = bars.open_time + length
        first = int(np.searchsorted(closes, to_ms(window.start), side="left"))
        last = int(np.searchsorted(closes, to_ms(window.end), side="right"))
        if first == last:
            continue
        starts = np.arange(first, last, -(-(last - first) // most))
        ends = np.append(starts[1:], last) - 1
        yield PriceBars(
            section=section,
            symbol=symbol,
            time=closes[ends],
            high=np.maximum.reduceat(bars.high[:last], starts),
            low=np.minimum.reduceat(bars.low[:last], starts),
            close=bars.close[ends],
        )
