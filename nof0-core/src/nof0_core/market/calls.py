"""Asking a market, in limited time."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NoReturn, TypeVar

import anyio

from nof0_core.border.foreign import Origin, reraise
from nof0_core.calls import CallsUnderWay, Timing
from nof0_core.domain.candles import Candles, Interval
from nof0_core.domain.order_book import OrderBook
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import ProviderError, TransientError
from nof0_core.ids import Symbol
from nof0_core.protocols import (
    MarketCapability,
    MarketProvider,
    OptionalMarketMethods,
    RecordedRange,
    market_with,
)

T = TypeVar("T")


class MarketCalls:
    """The verbs of one market section, and what is under way of them.

    They fail in the errors of the protocol only: what else a provider raises is a `TransientError`
    that names `origin`. A call that strikes its limit fails; one that has none, where nothing may
    depend on the speed of the machine, goes on until somebody asks for `overdue`.
    """

    def __init__(
        self,
        *,
        section: str,
        provider: MarketProvider,
        origin: Origin,
        quotes_within: float,
        candles_within: float,
    ) -> None:
        """Remember the limits, in seconds of real time."""
        self._section = section
        self._provider = provider
        self._origin = origin
        self._quotes_within = quotes_within
        self._candles_within = candles_within
        self._under_way = CallsUnderWay(f"market {section}")
        self._recording = market_with(provider, MarketCapability.RECORDING)

    async def instruments(self) -> object:
        """Ask for everything tradable; whoever opens the section limits the time.

        Raises:
            ProviderError: what the provider says.
        """
        try:
            return await self._provider.instruments()
        except BaseException as error:  # noqa: BLE001 - foreign code raises anything
            self._fail("instruments", error)

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Ask for quotes.

        Raises:
            TransientError: no answer in time.
            ProviderError: what the provider says.
        """
        return await self._within(
            "quotes", self._quotes_within, lambda: self._provider.quotes(symbols)
        )

    @property
    def shows_books(self) -> bool:
        """Tell whether the market can be asked for order books."""
        return market_with(self._provider, MarketCapability.ORDER_BOOKS) is not None

    async def books(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, OrderBook]:
        """Ask for order books, within the time for quotes; only where `shows_books`.

        Raises:
            TransientError: no answer in time.
            ProviderError: what the provider says.
        """
        market = market_with(self._provider, MarketCapability.ORDER_BOOKS)
        assert market is not None  # noqa: S101 - see `shows_books`
        return await self._within("books", self._quotes_within, lambda: market.books(symbols))

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Ask for bars.

        Raises:
            TransientError: no answer in time.
            ProviderError: what the provider says.
        """
        return await self._within(
            "candles",
            self._candles_within,
            lambda: self._provider.candles(symbol, interval, end, limit),
        )

    @property
    def is_recorded(self) -> bool:
        """Tell whether the whole series is known beforehand."""
        return self._recording is not None

    def recorded(self) -> RecordedRange:
        """Return what the recording covers; only where `is_recorded`.

        Raises:
            ProviderError: what the provider says.
        """
        try:
            return self._of_recording.recorded()
        except BaseException as error:  # noqa: BLE001 - foreign code raises anything
            self._fail("recorded", error)

    def history(self, symbol: Symbol, interval: Interval) -> Candles:
        """Return all bars of the recording; only where `is_recorded`.

        Raises:
            ProviderError: what the provider says.
        """
        try:
            return self._of_recording.history(symbol, interval)
        except BaseException as error:  # noqa: BLE001 - foreign code raises anything
            self._fail("history", error)

    @property
    def timings(self) -> Mapping[str, Timing]:
        """Return how long calls took, by verb; it goes on counting."""
        return self._under_way.timings

    def overdue(self, now: float) -> str:
        """Name a call that hangs at `now` (`stopwatch`), "" if none does."""
        return self._under_way.overdue(now)

    @property
    def _of_recording(self) -> OptionalMarketMethods:
        assert self._recording is not None  # noqa: S101 - see `is_recorded`
        return self._recording

    async def _within(self, verb: str, limit: float, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            with self._under_way.of(verb) as call:
                if limit == math.inf:
                    return await ask()
                with anyio.move_on_after(limit):
                    return await ask()
                call.is_late = True
        except BaseException as error:  # noqa: BLE001 - foreign code raises anything
            self._fail(verb, error)
        message = f"market {self._section}: {verb} did not answer within {limit:g} s"
        raise TransientError(message, section=self._section)

    def _fail(self, verb: str, error: BaseException) -> NoReturn:
        reraise(
            error,
            origin=self._origin,
            verb=verb,
            allowed=(ProviderError,),
            make=lambda text: TransientError(text, section=self._section),
        )
