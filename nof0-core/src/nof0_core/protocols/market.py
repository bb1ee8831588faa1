"""Market providers: where prices come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

import attrs

from nof0_core.domain.candles import Candles, Interval
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order_book import OrderBook
from nof0_core.domain.snapshot import Quote
from nof0_core.ids import Symbol


class MarketProvider(Protocol):
    """A source of instruments, closed bars and quotes.

    All methods may be called concurrently. They raise `TransientError` for what may pass (time-out,
    rate limit), `DataError` for data that is missing or contradicts itself, `EndOfDataError` when a
    recording is over, and no other library's exceptions. Cancelling a call has no effect on others.
    """

    async def instruments(self) -> Mapping[Symbol, Instrument]:
        """Return everything tradable, by symbol."""

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Return the newest `limit` bars that closed at or before `end`, oldest first.

        Must never return a bar that is still open at `end`. Fewer bars are returned where the
        venue has fewer.

        Raises:
            DataError: for an unknown symbol or an interval the provider does not have.
        """

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Return the current quote of each symbol; symbols it has none of are left out."""


@attrs.frozen(kw_only=True)
class RecordedRange:
    """What a recording covers: quotes exist from `start` to `end` (UTC).

    `resolution` is its finest interval: between two multiples of it no quote changes.
    """

    start: datetime
    end: datetime
    resolution: Interval


@runtime_checkable
class SupportsRecording(Protocol):
    """Capability: the whole series is known beforehand, as with recorded or synthetic candles.

    The engine then computes indicators once for the whole series (they are causal: a value depends
    on its own and earlier bars only), steps no finer than `resolution`, and ends a run at `end`.
    Fallback without it: bars are fetched as they close.
    """

    def recorded(self) -> RecordedRange:
        """Return what the recording covers."""

    def history(self, symbol: Symbol, interval: Interval) -> Candles:
        """Return all bars of the recording, later ones than now included.

        For computing indicators only: the feed cuts the arrays at the time of the clock before
        anybody sees them.
        """


@runtime_checkable
class SupportsOrderBooks(Protocol):
    """Capability: the venue shows what waits in its order book.

    A paper exchange behind the market then fills takers level by level from the present book.
    Fallback without it, for coins left out, and where a book is old: a spread and an impact by
    formula.
    """

    async def books(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, OrderBook]:
        """Return the present book of each symbol, its levels as fine as the venue has them.

        Symbols it has no book of are left out. `OrderBook.time` is when the venue made the book,
        not when it was asked for: whoever uses it judges its age by that.

        Raises:
            TransientError: for what may pass.
            DataError: for answers that are no books.
        """
