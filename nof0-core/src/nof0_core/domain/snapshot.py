"""What a trader sees of the market at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from nof0_core.domain.candles import Candles, FloatArray, Interval
from nof0_core.domain.order_book import OrderBook
from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True)
class Quote:
    """Current prices of one perpetual.

    `time` is the venue's time of the prices (UTC). `mark` drives margin and triggers, `oracle`
    funding, `mid` is between best bid and ask. `funding_rate` is a fraction per hour, positive when
    longs pay. `open_interest` is in coins, `day_volume_usd` the traded notional of 24 hours. What a
    venue does not tell is None.
    """

    symbol: Symbol
    time: datetime
    mark: Decimal
    mid: Decimal
    oracle: Decimal
    funding_rate: Decimal | None = None
    open_interest: Decimal | None = None
    day_volume_usd: Decimal | None = None


@attrs.frozen(kw_only=True)
class Series:
    """Closed bars of one interval with the indicators computed on them.

    Each indicator has shape (n,) aligned with the candles, oldest first; values before an
    indicator's first valid bar are NaN. Names are those of the configuration: `ema20`, `macd`,
    `macd_signal`, `rsi7`, `atr14`, ….
    """

    interval: Interval
    candles: Candles
    indicators: Mapping[str, FloatArray]

    def last(self, name: str) -> float:
        """Return the newest value of an indicator, NaN where there is none yet.

        Raises:
            KeyError: if no indicator of that name is configured.
        """
        values = self.indicators[name]
        return float(values[-1]) if len(values) else float("nan")


@attrs.frozen(kw_only=True, eq=False)
class MarketSnapshot:
    """Everything known of one symbol at `time` (UTC): prices and closed bars with indicators.

    `book` is None where the market shows none, or nothing of the trader asks for order books.
    """

    symbol: Symbol
    time: datetime
    quote: Quote
    series: Mapping[Interval, Series]
    book: OrderBook | None = None

    @property
    def age(self) -> timedelta:
        """Return how old the prices are."""
        return self.time - self.quote.time

    def book_within(self, limit: timedelta) -> OrderBook | None:
        """Return the order book if there is one no older than `limit`."""
        book = self.book
        return book if book is not None and self.time - book.time <= limit else None
