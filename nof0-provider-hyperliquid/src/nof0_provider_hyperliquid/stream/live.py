"""The market's stream as a whole: a socket, the bars and the prices it tells."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import anyio

from nof0_core.clock import Clock
from nof0_core.domain.health import Health
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Logger
from nof0_core.protocols import QuoteStream
from nof0_provider_hyperliquid.stream.bars import BarStore, Fetch
from nof0_provider_hyperliquid.stream.connection import VenueSocket
from nof0_provider_hyperliquid.stream.messages import BarSeen, ContextSeen, News, Subscription
from nof0_provider_hyperliquid.stream.quotes import QuoteBoard
from nof0_provider_hyperliquid.transport.budget import NetworkBudget


class MarketStream:
    """What one section hears of the venue, for as long as `run` runs.

    Without it, or when the connection is down, `bars` and `quotes` have nothing, and whoever asks
    polls the venue.
    """

    def __init__(
        self,
        *,
        section: str,
        base_url: str,
        clock: Clock,
        rng: random.Random,
        log: Logger,
        budget: NetworkBudget,
        fetch: Fetch,
        start: Callable[[], None],
        symbol: Callable[[str], Symbol] = Symbol,
    ) -> None:
        """Prepare; nothing is connected before somebody asks for bars or prices.

        Args:
            section: of the market, for messages.
            base_url: of the venue.
            clock: the engine's.
            rng: spreads pauses between connections.
            log: the section's.
            budget: of the network.
            fetch: asks REST for bars that are missing.
            start: has `run` run; called when somebody first asks for something.
            symbol: what a coin of the venue is called in hints.
        """
        self._start: Callable[[], None] | None = start
        self._scope: anyio.CancelScope | None = None
        self._socket = VenueSocket(
            base_url=base_url,
            clock=clock,
            rng=rng,
            log=log,
            budget=budget,
            listener=self,
        )
        self.bars = BarStore(
            clock=clock,
            log=log,
            fetch=fetch,
            want=self._want,
            drop=self._socket.drop,
            is_told=self._socket.is_told,
        )
        self.quotes = QuoteBoard(
            section=section,
            clock=clock,
            symbol=symbol,
            want=self._want,
            drop=self._socket.drop,
        )

    async def run(self) -> None:
        """Keep the stream until cancelled: the section's background task."""
        with anyio.CancelScope() as self._scope:
            await self._socket.run()

    def close(self) -> None:
        """End `run`; nothing is told from now on."""
        if self._scope is not None:
            self._scope.cancel()

    def updates(self) -> QuoteStream:
        """Open a stream of hints, see `QuoteBoard.updates`."""
        return self.quotes.updates()

    def health(self) -> tuple[Health, str]:
        """Say whether the stream tells what it should."""
        trouble = self._socket.trouble
        return (Health.DEGRADED, trouble) if trouble else (Health.OK, "")

    def began(self, subscription: Subscription) -> None:
        """Hear from the socket that a subscription is being made."""
        self.bars.interrupted(subscription)

    def took(self, message: News, now: datetime) -> None:
        """Hear news from the socket."""
        if isinstance(message, BarSeen):
            self.bars.take(message.subscription, message.bar, now)
        elif isinstance(message, ContextSeen):
            self.quotes.take(message.subscription.coin, message.context, now)

    def missed(self) -> None:
        """Hear from the socket that a message was lost: it may have been the last of a bar."""
        self.bars.interrupted()

    def lost(self) -> None:
        """Hear from the socket that the connection is lost."""
        self.bars.interrupted()
        self.quotes.lost()

    def _want(self, subscription: Subscription) -> bool:
        if self._start is not None:
            start, self._start = self._start, None
            start()
        return self._socket.want(subscription)
