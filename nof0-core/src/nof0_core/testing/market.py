"""A market whose prices are set by hand."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from nof0_core.clock import Clock
from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.protocols import MarketCapability

INSTRUMENTS = {
    i.symbol: i
    for i in (
        Instrument(symbol=Symbol("BTC"), size_decimals=5, price_decimals=1, max_leverage=40),
        Instrument(symbol=Symbol("ETH"), size_decimals=4, price_decimals=2, max_leverage=25),
        Instrument(symbol=Symbol("DOGE"), size_decimals=0, price_decimals=6, max_leverage=10),
    )
}
Rows: TypeAlias = Sequence[tuple[str, str]]
"""Levels of one side of an order book: price, size."""
_FIRST = {Symbol("BTC"): "100000", Symbol("ETH"): "2500", Symbol("DOGE"): "0.2"}


class HandMarket:
    """BTC, ETH and DOGE at 100,000, 2,500 and 0.2 USD until `set` says otherwise.

    A price holds from the moment it is set. Bars exist for any past time and any interval; a bar
    opens and closes at the prices that held then, its high and low are the extremes in between.
    Mark, mid and oracle are the same. There are no order books but those a test sets.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steps: dict[Symbol, list[tuple[int, Decimal]]] = {
            symbol: [(0, Decimal(price))] for symbol, price in _FIRST.items()
        }
        self._books: dict[Symbol, OrderBook] = {}

    def set(self, symbol: str, price: Decimal | str) -> None:
        """Change a price from the clock's present time on."""
        self._steps[Symbol(symbol)].append((to_ms(self._clock.now()), Decimal(price)))

    def set_book(self, symbol: str, *, bids: Rows, asks: Rows) -> None:
        """Show an order book made at the clock's present time, until the next one is set.

        Rows are prices in USD and sizes in coins, from the best price outward.

        Raises:
            ValueError: the rows are no order book.
        """
        name = Symbol(symbol)
        self._books[name] = OrderBook(
            symbol=name, time=self._clock.now(), bids=_levels(bids), asks=_levels(asks)
        )

    @property
    def capabilities(self) -> frozenset[MarketCapability]:
        """Return what the market can do: it shows order books."""
        return frozenset({MarketCapability.ORDER_BOOKS})

    async def books(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, OrderBook]:
        """Return the books that were set."""
        return {symbol: self._books[symbol] for symbol in symbols if symbol in self._books}

    async def instruments(self) -> Mapping[Symbol, Instrument]:
        """Return the three instruments."""
        return dict(INSTRUMENTS)

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Return bars made from the prices that were set; volume is one coin per bar."""
        if symbol not in self._steps:
            message = f"unknown symbol {symbol}"
            raise DataError(message)
        try:
            length = interval_ms(interval)
        except ValueError as error:
            raise DataError(str(error)) from error
        last = to_ms(end) // length * length
        opens = [last - length * back for back in range(limit, 0, -1)]
        rows = [self._bar(symbol, start, start + length) for start in opens]
        columns = list(zip(*rows, strict=True)) if rows else [(), (), (), ()]
        return Candles(
            interval=interval,
            open_time=opens,
            open=columns[0],
            high=columns[1],
            low=columns[2],
            close=columns[3],
            volume=[1.0] * len(opens),
        )

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Return the prices that hold now."""
        now = self._clock.now()
        quotes = {}
        for symbol in symbols:
            if symbol in self._steps:
                price = self._at(symbol, to_ms(now))
                quotes[symbol] = Quote(
                    symbol=symbol,
                    time=now,
                    mark=price,
                    mid=price,
                    oracle=price,
                    funding_rate=Decimal("0.0000125"),
                    open_interest=Decimal(1000),
                    day_volume_usd=Decimal(1_000_000_000),
                )
        return quotes

    def _at(self, symbol: Symbol, moment: int) -> Decimal:
        steps = self._steps[symbol]
        return steps[bisect.bisect_right(steps, moment, key=lambda step: step[0]) - 1][1]

    def _bar(self, symbol: Symbol, start: int, end: int) -> tuple[float, float, float, float]:
        """Return open, high, low and close; the price set at `end` belongs to the next bar."""
        first, last = self._at(symbol, start), self._at(symbol, end - 1)
        inside = [price for moment, price in self._steps[symbol] if start <= moment < end]
        seen = [first, last, *inside]
        return float(first), float(max(seen)), float(min(seen)), float(last)


def _levels(rows: Rows) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(price=Decimal(price), size=Decimal(size)) for price, size in rows)
