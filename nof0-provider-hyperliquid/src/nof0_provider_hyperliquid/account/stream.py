"""News of one account over the venue's websocket: they only make somebody look."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from nof0_core.clock import Clock
from nof0_core.domain.health import Health
from nof0_core.domain.outcome import VenueUpdate
from nof0_core.errors import DataError
from nof0_core.plugins.env import Logger
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.account.hint_pace import HintPace
from nof0_provider_hyperliquid.account.news import AccountNews
from nof0_provider_hyperliquid.stream.connection import VenueSocket
from nof0_provider_hyperliquid.stream.messages import (
    EVENTS,
    FILLS,
    ORDERS,
    Happened,
    News,
    Subscription,
    UserSeen,
)
from nof0_provider_hyperliquid.transport.budget import NetworkBudget
from nof0_provider_hyperliquid.wire.cloid import client_id_of

KINDS = (ORDERS, EVENTS, FILLS)
"""In the order they are asked for: the last begins with a snapshot, so that all are heard then."""
WAITING = 100
"""Updates that wait for whoever listens; more say nothing that these do not."""


class UserStream:
    """Listens to orders, fills and events of one user; `run` is the section's background task.

    The venue repeats the newest fills whenever it is subscribed to, so also after each reconnection
    and where nothing has come for a while: that is one update more, and books nothing twice.
    """

    def __init__(
        self,
        *,
        base_url: str,
        user: str,
        dex: str,
        clock: Clock,
        rng: random.Random,
        log: Logger,
        budget: NetworkBudget,
        news: AccountNews,
        start: Callable[[], None],
    ) -> None:
        """Prepare; `start` is called once, when somebody first wants news, to have `run` run.

        `news` is told of what nobody expected.
        """
        self._news = news
        self._clock = clock
        self._coins = DexCoins(dex)
        self._user = user.lower()
        self._start: Callable[[], None] | None = start
        self._listeners: set[MemoryObjectSendStream[VenueUpdate]] = set()
        self._up = anyio.Event()
        self._scope: anyio.CancelScope | None = None
        self._is_closed = False
        self._pace = HintPace(budget.weight, clock=clock, tell=self._pass_on)
        self._waiting: VenueUpdate | None = None
        self._socket = VenueSocket(
            base_url=base_url, clock=clock, rng=rng, log=log, budget=budget, listener=self
        )

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        with anyio.CancelScope() as self._scope:
            if not self._is_closed:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._pace.run)
                    await self._socket.run()
                    tasks.cancel_scope.cancel()

    def close(self) -> None:
        """End `run` and all streams."""
        self._is_closed = True
        if self._scope is not None:
            self._scope.cancel()
        self.lost()

    @asynccontextmanager
    async def updates(self) -> AsyncIterator[MemoryObjectReceiveStream[VenueUpdate]]:
        """Open a stream of updates once there is a connection; it ends with that.

        The first update comes at once: what happened before is not told again.
        """
        self._begin()
        await self._up.wait()
        send, receive = anyio.create_memory_object_stream[VenueUpdate](WAITING)
        send.send_nowait(VenueUpdate(time=self._clock.now()))
        self._listeners.add(send)
        with send, receive:
            try:
                yield receive
            finally:
                self._listeners.discard(send)

    def health(self) -> tuple[Health, str]:
        """Say whether the stream tells what it should."""
        trouble = self._socket.trouble
        return (Health.DEGRADED, trouble) if trouble else (Health.OK, "")

    # --- what the socket tells --------------------------------------------------------------------

    def began(self, subscription: Subscription) -> None:
        """Hear that a subscription is being made: nothing follows from it."""

    def took(self, message: News, now: datetime) -> None:
        """Hear news."""
        if isinstance(message, UserSeen):
            self._up.set()
            for each in message.happened:
                self._tell(self._update(each, now), is_expected=each.is_expected)

    def missed(self) -> None:
        """Hear that a message could not be read: something may have happened."""
        self._tell(VenueUpdate(time=self._clock.now()), is_expected=False)

    def lost(self) -> None:
        """Hear that the connection is lost: all streams end."""
        if self._up.is_set():
            self._up = anyio.Event()
        for listener in list(self._listeners):
            listener.close()
        self._listeners.clear()
        self._waiting = None  # each stream begins with an update

    def _begin(self) -> None:
        if self._start is None or self._is_closed:
            return
        start, self._start = self._start, None
        for kind in KINDS:
            self._socket.want(Subscription(kind, user=self._user))
        start()

    def _update(self, each: Happened, now: datetime) -> VenueUpdate:
        try:
            client_id = client_id_of(each.cloid, "update: cloid")
        except DataError:
            client_id = None
        return VenueUpdate(
            time=now,
            symbol=None if each.coin is None else self._coins.symbol(each.coin),
            client_id=client_id,
        )

    def _tell(self, update: VenueUpdate, *, is_expected: bool) -> None:
        """Have one update told for all that come meanwhile: of what they have in common."""
        if not is_expected:
            self._news.tell()
        told = self._waiting or update
        self._waiting = VenueUpdate(
            time=update.time,
            symbol=update.symbol if update.symbol == told.symbol else None,
            client_id=update.client_id if update.client_id == told.client_id else None,
        )
        self._pace.hint(is_expected=is_expected)

    def _pass_on(self) -> None:
        update, self._waiting = self._waiting, None
        if update is None:
            return
        for listener in list(self._listeners):
            try:
                listener.send_nowait(update)
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                continue  # it has enough to look at, or is about to end
