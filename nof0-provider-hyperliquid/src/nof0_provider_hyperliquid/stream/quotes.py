"""Prices from the stream, and hints that they have moved."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import anyio
import attrs
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from nof0_core.clock import Clock
from nof0_core.errors import TransientError
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.stream.messages import CONTEXT, Subscription

FRESH = timedelta(seconds=5)
"""The venue tells prices about once a second; older ones are asked for."""
IDLE = timedelta(minutes=30)
"""A coin nobody asked for during this is given up."""
MOVE = 0.001
"""What is worth a hint, as a fraction of the mark price hinted at last, …"""
BETWEEN_HINTS = timedelta(seconds=5)
"""… and how far hints of all coins together are apart: each makes the engine look at accounts."""
WAITING_HINTS = 16


@attrs.frozen
class Told:
    """Prices of a coin as `metaAndAssetCtxs` has them, and when they came."""

    context: Mapping[str, object]
    time: datetime


class QuoteBoard:
    """The newest prices of each coin somebody asks for."""

    def __init__(
        self,
        *,
        section: str,
        clock: Clock,
        symbol: Callable[[str], Symbol],
        want: Callable[[Subscription], bool],
        drop: Callable[[Subscription], None],
    ) -> None:
        """Begin with no prices.

        Args:
            section: of the market, for messages.
            clock: the engine's.
            symbol: what a coin of the venue is called in hints.
            want: subscribes; false where there are too many subscriptions.
            drop: unsubscribes.
        """
        self._section = section
        self._clock = clock
        self._symbol = symbol
        self._want = want
        self._drop = drop
        self._told: dict[str, Told] = {}
        self._asked: dict[str, datetime] = {}
        self._hinted: dict[str, float] = {}
        self._last_hint: datetime | None = None
        self._listeners: set[MemoryObjectSendStream[Symbol]] = set()
        self._is_up = False

    def contexts(self, coins: Sequence[str]) -> Mapping[str, Told]:
        """Return the prices of each coin; those without fresh ones are left out.

        They are subscribed to from now on.
        """
        now = self._clock.now()
        found: dict[str, Told] = {}
        for coin in coins:
            if coin not in self._asked:
                self._give_up_idle(now)
                if not self._want(Subscription(CONTEXT, coin)):
                    continue
            self._asked[coin] = now
            told = self._told.get(coin)
            if told is not None and told.time <= now <= told.time + FRESH:
                found[coin] = told
        return found

    def take(self, coin: str, context: Mapping[str, object], now: datetime) -> None:
        """Take what the stream says of a coin."""
        if coin not in self._asked:
            return
        self._is_up = True
        self._told[coin] = Told(context, now)
        self._hint(coin, context.get("markPx"), now)

    def lost(self) -> None:
        """End all streams of hints: whoever listens opens another one."""
        self._is_up = False
        for listener in list(self._listeners):
            listener.close()
        self._listeners.clear()

    @asynccontextmanager
    async def updates(self) -> AsyncIterator[MemoryObjectReceiveStream[Symbol]]:
        """Open a stream of symbols whose price has moved; it ends with the connection.

        Raises:
            TransientError: there is no stream now.
        """
        if not self._is_up:
            message = f"market {self._section}: the venue's stream tells no prices now"
            raise TransientError(message, section=self._section)
        send, receive = anyio.create_memory_object_stream[Symbol](WAITING_HINTS)
        self._listeners.add(send)
        with send, receive:
            try:
                yield receive
            finally:
                self._listeners.discard(send)

    def _hint(self, coin: str, mark: object, now: datetime) -> None:
        try:
            price = float(mark) if isinstance(mark, str) else 0.0
        except ValueError:
            return
        if not 0 < price < math.inf:
            return
        before = self._hinted.setdefault(coin, price)
        if abs(price - before) < MOVE * before:
            return
        last = self._last_hint
        if last is not None and last <= now < last + BETWEEN_HINTS:
            return
        self._hinted[coin] = price
        self._last_hint = now
        for listener in list(self._listeners):
            try:
                listener.send_nowait(self._symbol(coin))
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                continue  # it has enough to look at, or is about to end

    def _give_up_idle(self, now: datetime) -> None:
        for coin, asked in list(self._asked.items()):
            if now - asked > IDLE:
                del self._asked[coin]
                self._told.pop(coin, None)
                self._hinted.pop(coin, None)
                self._drop(Subscription(CONTEXT, coin))
