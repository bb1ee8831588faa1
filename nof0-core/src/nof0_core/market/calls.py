"""Asking a market, in limited time."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import anyio

from nof0_core.calls import CallsUnderWay, Timing
from nof0_core.clock import Clock
from nof0_core.domain.candles import Candles, Interval
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import TransientError
from nof0_core.ids import Symbol
from nof0_core.protocols.market import MarketProvider

T = TypeVar("T")


class MarketCalls:
    """The verbs of one market section, and what is under way of them.

    On a clock that runs by itself a call that strikes its limit fails. On a lockstep clock, where
    nothing may depend on the speed of the machine, it goes on until somebody asks for `overdue`.
    """

    def __init__(
        self,
        *,
        section: str,
        provider: MarketProvider,
        clock: Clock,
        quotes_within: float,
        candles_within: float,
    ) -> None:
        """Remember the limits, in seconds of real time."""
        self._section = section
        self._provider = provider
        self._is_limited = not clock.is_lockstep
        self._quotes_within = quotes_within
        self._candles_within = candles_within
        self._under_way = CallsUnderWay(f"market {section}")

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Ask for quotes.

        Raises:
            TransientError: no answer in time.
            ProviderError: what the provider says.
        """
        asked = self._provider.quotes(symbols)
        return await self._within("quotes", self._quotes_within, asked)

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Ask for bars.

        Raises:
            TransientError: no answer in time.
            ProviderError: what the provider says.
        """
        asked = self._provider.candles(symbol, interval, end, limit)
        return await self._within("candles", self._candles_within, asked)

    @property
    def timings(self) -> Mapping[str, Timing]:
        """Return how long calls took, by verb; it goes on counting."""
        return self._under_way.timings

    def overdue(self, now: float) -> str:
        """Name a call that hangs at `now` (`stopwatch`), "" if none does."""
        return self._under_way.overdue(now)

    async def _within(self, verb: str, limit: float, asked: Awaitable[T]) -> T:
        with self._under_way.of(verb) as call:
            if not self._is_limited:
                return await asked
            with anyio.move_on_after(limit):
                return await asked
            call.is_late = True
            message = f"market {self._section}: {verb} did not answer within {limit:g} s"
            raise TransientError(message, section=self._section)
