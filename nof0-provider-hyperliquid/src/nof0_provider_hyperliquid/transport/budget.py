"""What may be asked of a network: one budget for all sections of a process.

The venue counts by IP address: REST weight, sockets, new connections and messages of websockets.
Markets and exchanges of one network share a budget, in which orders and protection go first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import cast

import anyio

from nof0_core.clock import Clock
from nof0_core.domain.health import Health
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.transport.windows import (
    Priority,
    Spending,
    Urgency,
    Window,
    urgency_now,
)

MINUTE = timedelta(minutes=1)
WEIGHT = 1_200
"""Of REST requests in a minute."""
SOCKETS = 10
CONNECTIONS = 30
"""New websocket connections in a minute."""
MESSAGES = 2_000
"""Sent over websockets in a minute."""
SUBSCRIPTIONS = 1_000

Alert = Callable[[str, str], object]


class NetworkBudget:
    """What one network allows one IP address; time is that of the clock.

    `weight`, `connections` and `messages` are limits within a minute. `subscriptions` counts how
    many there are on all sockets: who subscribes or gives one up keeps it up to date.
    """

    def __init__(self, network: str, *, clock: Clock, alert: Alert) -> None:
        self.network = network
        self.weight = Window(f"{network}: weight", limit=WEIGHT, period=MINUTE, clock=clock)
        self.connections = Window(
            f"{network}: new connections", limit=CONNECTIONS, period=MINUTE, clock=clock
        )
        self.messages = Window(f"{network}: messages", limit=MESSAGES, period=MINUTE, clock=clock)
        self.subscriptions = 0
        self._sockets = anyio.Semaphore(SOCKETS)
        self._clock = clock
        self._alert = alert
        self._refused: datetime | None = None

    @asynccontextmanager
    async def spend(
        self, weight: int, urgency: Urgency, *, patience: timedelta | None = None
    ) -> AsyncIterator[Spending]:
        """Wait until a request of this weight may be sent, and hold its weight while it is.

        Raises:
            NoRoomError: there is no room within `patience`.
        """
        priority = urgency_now(urgency)
        if self.weight.room(priority) < weight and priority <= Priority.READS:
            self._alert(
                "budget_low",
                f"{self.network}: requests wait, {self.weight.used} of {WEIGHT} weight are used"
                " within a minute",
            )
        async with self.weight.spend(weight, urgency, patience=patience) as spending:
            yield spending

    @asynccontextmanager
    async def socket(self, priority: Priority = Priority.READS) -> AsyncIterator[None]:
        """Hold one of the sockets, once a new connection may be made."""
        async with self._sockets:
            async with self.connections.spend(1, priority):
                pass
            yield

    @property
    def free_sockets(self) -> int:
        """Return how many sockets can still be opened."""
        return self._sockets.value

    def refused(self, pause: timedelta) -> None:
        """Take note that the venue found too many requests; reads wait for `pause`."""
        self._refused = self._clock.now()
        self.weight.close_for(pause)
        self._alert(
            "rate_limited",
            f"{self.network}: the venue refuses requests of this IP address (429), though"
            f" {self.weight.used} of {WEIGHT} weight were used here; does another program ask it?",
        )

    def figures(self) -> Mapping[str, int]:
        """Return what is used and left, by name; of the last minute where it passes away."""
        return {
            "weight_used": self.weight.used,
            "weight_left": max(0, WEIGHT - self.weight.used),
            "requests_waiting": self.weight.waiting,
            "sockets_used": SOCKETS - self._sockets.value,
            "sockets_left": self._sockets.value,
            "connections_used": self.connections.used,
            "connections_left": max(0, CONNECTIONS - self.connections.used),
            "messages_used": self.messages.used,
            "subscriptions_used": self.subscriptions,
        }

    def health(self) -> tuple[Health, str]:
        """Say whether requests get through at once."""
        now = self._clock.now()
        if self._refused is not None and timedelta(0) <= now - self._refused <= MINUTE:
            return Health.DEGRADED, f"{self.network} refuses requests of this IP address (429)"
        if self.weight.waiting:
            return (
                Health.DEGRADED,
                f"requests to {self.network} wait: the weight of a minute is used up",
            )
        return Health.OK, ""


async def shared_budget(env: Env, network: str) -> NetworkBudget:
    """Return the budget of a network, the same for every section of this process.

    `network` is its base URL.
    """

    @asynccontextmanager
    async def open_budget() -> AsyncIterator[NetworkBudget]:
        yield NetworkBudget(network, clock=env.clock, alert=env.alert)

    def opened() -> AbstractAsyncContextManager[object]:
        return open_budget()

    return cast("NetworkBudget", await env.shared(("hyperliquid.budget", network), opened))
