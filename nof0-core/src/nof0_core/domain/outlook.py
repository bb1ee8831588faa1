"""What a market is going to offer, known before it opens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from nof0_core.domain.candles import Interval
from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True)
class MarketOutlook:
    """Coins, bars and period of a recorded or invented market.

    `intervals` are those of each coin, shortest first; `derives` tells that multiples of them are
    made as well. Quotes come from bars of `resolution`; `start` and `end` (UTC) bound the period
    in which there are any.
    """

    intervals: Mapping[Symbol, tuple[Interval, ...]]
    resolution: Interval
    start: datetime
    end: datetime
    derives: bool = False
