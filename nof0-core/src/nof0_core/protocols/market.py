"""Market providers: where prices come from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

import attrs
from anyio.streams.memory import MemoryObjectReceiveStream

from nof0_core.domain.candles import Candles, Interval
from nof0_core.domain.health import Health
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order_book import OrderBook
from nof0_core.domain.snapshot import Quote
from nof0_core.ids import Symbol

QuoteStream: TypeAlias = AbstractAsyncContextManager[MemoryObjectReceiveStream[Symbol]]


class MarketCapability(StrEnum):
    """What a market can do beyond candles and quotes; each word stands for methods.

    The methods of `OptionalMarketMethods` exist if, and only if, their word is there:

    RECORDING: `recorded` and `history`; the whole series is known beforehand (else bars are fetched
    as they close).
    ORDER_BOOKS: `books` (else a paper exchange reckons a spread and an impact by formula).
    QUOTE_STREAM: `quote_updates` (else quotes are asked for in fixed steps only).
    DOWNLOAD: `download` and `download_funding` (else there is no long history to be had).
    HEALTH: `health` (else it counts as well for as long as it is open).
    FIGURES: `figures` (else nobody sees its numbers).
    """

    RECORDING = "recording"
    ORDER_BOOKS = "order_books"
    QUOTE_STREAM = "quote_stream"
    DOWNLOAD = "download"
    HEALTH = "health"
    FIGURES = "figures"


class MarketProvider(Protocol):
    """A source of instruments, closed bars and quotes.

    All methods may be called concurrently. They raise `TransientError` for what may pass (time-out,
    rate limit), `DataError` for data that is missing or contradicts itself, `EndOfDataError` when a
    recording is over, and no other library's exceptions. Cancelling a call has no effect on others.

    `OptionalMarketMethods` has the methods that words in `capabilities` stand for.
    """

    @property
    def capabilities(self) -> frozenset[MarketCapability]:
        """Return what the market can do; the same for as long as the provider is open."""

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


@attrs.frozen(kw_only=True)
class FundingRate:
    """The funding rate of a coin that was settled at `time` (UTC), as a fraction of notional."""

    time: datetime
    rate: float


class OptionalMarketMethods(Protocol):
    """Methods of a market provider that exist if their word is among its capabilities."""

    def recorded(self) -> RecordedRange:
        """RECORDING: return what the recording covers.

        The engine then computes indicators once for the whole series (they are causal: a value
        depends on its own and earlier bars only), steps no finer than `resolution`, and ends a run
        at `end`.
        """

    def history(self, symbol: Symbol, interval: Interval) -> Candles:
        """RECORDING: return all bars of the recording, later ones than now included.

        For computing indicators only: the feed cuts the arrays at the time of the clock before
        anybody sees them.
        """

    async def books(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, OrderBook]:
        """ORDER_BOOKS: return the present book of each symbol, its levels as fine as can be had.

        A paper exchange behind the market fills takers from it, level by level. Symbols it has no
        book of are left out. `OrderBook.time` is when the venue made the book, not when it was
        asked for: whoever uses it judges its age by that.

        Raises:
            TransientError: for what may pass.
            DataError: for answers that are no books.
        """

    def quote_updates(self) -> QuoteStream:
        """QUOTE_STREAM: open a stream of symbols whose price has moved.

        An update is a hint: it makes the engine look at once. The stream ends when the connection
        is lost; the engine opens another one.
        """

    def download(
        self, symbol: Symbol, interval: Interval, start: datetime, end: datetime
    ) -> AsyncIterator[Candles]:
        """DOWNLOAD: yield the bars that opened from `start` on and closed by `end` (UTC).

        In pages, oldest first, without overlap; a page may be empty. Only bars that are closed now.
        No page takes longer than a call may.

        Raises:
            TransientError: for what may pass; pages yielded so far are good.
            DataError: the venue has no such bars.
        """

    def download_funding(
        self, symbol: Symbol, start: datetime, end: datetime
    ) -> AsyncIterator[Sequence[FundingRate]]:
        """DOWNLOAD: yield the funding rates settled from `start` on and before `end` (UTC).

        In pages, oldest first, without overlap; a page may be empty.

        Raises:
            TransientError: for what may pass; pages yielded so far are good.
            DataError: the venue has no such rates.
        """

    def health(self) -> tuple[Health, str]:
        """HEALTH: say how the market is, as `HasHealth` says."""

    def figures(self) -> Mapping[str, float]:
        """FIGURES: tell numbers for people who watch, as `HasFigures` says."""
