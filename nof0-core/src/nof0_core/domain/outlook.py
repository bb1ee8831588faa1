"""What a market is going to offer, and what a trader sees of it, known before anything opens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from nof0_core.domain.candles import Interval
from nof0_core.ids import Symbol, TraderId


@attrs.frozen(kw_only=True)
class MarketOutlook:
    """Coins, bars and period of a recorded or invented market.

    `intervals` are those of each coin, shortest first; `derives` tells that multiples of them are
    made as well. Quotes come from bars of `resolution`; `start` and `end` (UTC) bound the period
    in which there are any for all coins, `periods` those of single coins, as far as they are known.
    """

    intervals: Mapping[Symbol, tuple[Interval, ...]]
    resolution: Interval
    start: datetime
    end: datetime
    derives: bool = False
    periods: Mapping[Symbol, tuple[datetime, datetime]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class TraderOutlook:
    """What a trader is going to know in each cycle, as the configuration has it.

    `symbols` are the coins it trades. Of each it sees the newest `series_bars` bars of `intervals`,
    shortest first, with `indicators` by the names they have in a series (`macd_signal`, …).
    """

    trader: TraderId
    symbols: tuple[Symbol, ...]
    intervals: tuple[Interval, ...]
    indicators: tuple[str, ...]
    series_bars: int
    decision_interval: timedelta
