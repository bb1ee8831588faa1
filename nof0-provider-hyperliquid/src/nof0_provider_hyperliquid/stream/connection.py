"""One connection to the venue's websocket, made again for as long as it is run."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

import aiohttp
import anyio
from anyio.lowlevel import checkpoint

from nof0_core.clock import Clock
from nof0_core.plugins.env import Logger
from nof0_provider_hyperliquid.stream.messages import (
    Acknowledged,
    BarSeen,
    ContextSeen,
    MalformedMessageError,
    News,
    Refused,
    Subscription,
    UserSeen,
    read,
)
from nof0_provider_hyperliquid.stream.pace import backoff, within
from nof0_provider_hyperliquid.stream.subscriptions import Subscriptions
from nof0_provider_hyperliquid.transport.budget import SUBSCRIPTIONS, NetworkBudget
from nof0_provider_hyperliquid.transport.windows import Priority

CONNECTING = timedelta(seconds=10)
"""How long it may take to connect, and to send a message."""
PING = timedelta(seconds=20)
"""The venue closes a connection on which it has said nothing for 60 s."""
SILENCE = timedelta(seconds=30)
"""After so long without a word, not even an answer to a ping, the connection is dead; …"""
NO_DATA = timedelta(seconds=45)
"""… or useless, if nothing but such answers came."""
LOOK = timedelta(seconds=5)
"""How often it is looked whether something is to be sent or the connection is silent."""
STEADY = timedelta(seconds=30)
"""A connection that lasted this long was a good one: the next wait is a short one."""
SPARE = 100
"""Subscriptions of the address left to what is more urgent than a market."""
WORTH_TELLING = timedelta(seconds=5)
"""A stream that is back sooner was none the worse for it."""
GOODBYE = 0.5
"""Seconds of real time for closing a connection in good order."""


class Listener(Protocol):
    """Who is told what comes; all of it between two turns of the event loop."""

    def began(self, subscription: Subscription) -> None:
        """Hear that a subscription is being made: what comes next is no continuation."""

    def took(self, message: News, now: datetime) -> None:
        """Hear news of a subscription that is wanted."""

    def missed(self) -> None:
        """Hear that a message could not be read, whatever was in it."""

    def lost(self) -> None:
        """Hear that the connection is lost."""


class VenueSocket:
    """Keeps one connection with all that is wanted subscribed to on it.

    Connects once something is wanted; pings; notices silence; reconnects with a random pause that
    grows with failures in a row, and only when the budget has a connection to give; then subscribes
    to everything again. The venue numbers nothing, so what was missed meanwhile is not to be had
    here: `Listener.lost` and `Listener.began` say where the gaps are.
    """

    def __init__(
        self,
        *,
        base_url: str,
        clock: Clock,
        rng: random.Random,
        log: Logger,
        budget: NetworkBudget,
        listener: Listener,
    ) -> None:
        """Prepare; nothing is connected before `run`.

        Args:
            base_url: of the venue, `https://…` or `http://…`. The scheme stays as it is: aiohttp
                then finds the proxy of the environment for it.
            clock: what all waiting goes by.
            rng: spreads the pauses.
            log: told of connections that are lost and what cannot be read.
            budget: of the network: sockets, new connections, messages, subscriptions.
            listener: told what comes.
        """
        self._url = base_url.rstrip("/") + "/ws"
        self._clock = clock
        self._rng = rng
        self._log = log
        self._budget = budget
        self._counted = 0
        self._listener = listener
        self._subscriptions = Subscriptions()
        self._work = anyio.Event()
        self._heard = self._told = clock.now()
        self._is_kept_waiting = False
        self._is_open = False
        self._down_since: datetime | None = None
        self._why = ""
        self._tries = 0
        self._unreadable = 0

    # --- for those who want something -------------------------------------------------------------

    def want(self, subscription: Subscription) -> bool:
        """Subscribe, now and after each reconnection; False if there are as many as may be."""
        if subscription in self._subscriptions:
            return True
        if self._budget.subscriptions >= SUBSCRIPTIONS - SPARE:
            return False
        self._subscriptions.want(subscription)
        self._count(len(self._subscriptions))
        self._work.set()
        return True

    def drop(self, subscription: Subscription) -> None:
        """Unsubscribe."""
        self._subscriptions.drop(subscription)
        self._count(len(self._subscriptions))
        self._work.set()

    def is_told(self, subscription: Subscription) -> bool:
        """Tell whether news of it comes at present."""
        return self._is_open and self._subscriptions.is_told(subscription)

    @property
    def trouble(self) -> str:
        """Say in a sentence what is wrong, "" where nothing is."""
        since = self._down_since
        if since is not None and self._clock.now() - since >= WORTH_TELLING:
            return f"no stream since {since:%H:%M:%S} UTC ({self._why}); the venue is polled"
        refused = self._subscriptions.refusals(self._seconds())
        if refused:
            return f"the venue refuses {refused} subscription(s); what they tell is polled"
        return ""

    # --- its task ---------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the connection until cancelled; may be run again when it has ended."""
        try:
            await self._keep_connected()
        finally:
            self._count(0)

    async def _keep_connected(self) -> None:
        while True:
            while not len(self._subscriptions):
                await self._wait_for_work()
            self._count(len(self._subscriptions))
            began = self._clock.now()
            try:
                async with self._budget.socket():
                    began = self._clock.now()
                    why = await self._converse()
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                why = f"{type(error).__name__}: {error}"
            finally:
                self._is_open = False
                self._subscriptions.lost()
                self._listener.lost()
            now = self._clock.now()
            self._down_since = self._down_since or now
            self._why = why[:120]
            self._tries = 0 if now - began >= STEADY else self._tries + 1
            pause = backoff(self._tries, self._rng)
            self._log.info("stream lost", why=self._why, again_in=round(pause.total_seconds(), 1))
            await self._clock.sleep_until(now + pause)

    async def _converse(self) -> str:
        """Connect and listen; return why it is over."""
        # Closing may take a moment, reading as long as it takes: silence is noticed by the clock.
        limits = aiohttp.ClientWSTimeout(ws_receive=None, ws_close=GOODBYE)
        async with aiohttp.ClientSession(
            trust_env=True, timeout=aiohttp.ClientTimeout(total=None)
        ) as http:
            socket = await within(
                self._clock, CONNECTING, lambda: _connected(http, self._url, limits)
            )
            try:
                return await self._while_open(socket)
            finally:
                with anyio.CancelScope(shield=True), anyio.move_on_after(2 * GOODBYE):
                    await socket.close()

    async def _while_open(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        self._heard = self._told = self._clock.now()
        self._is_kept_waiting = False
        self._is_open = True
        reasons: list[str] = []
        async with anyio.create_task_group() as tasks:

            async def until_over(part: Callable[[], Awaitable[str]]) -> None:
                try:
                    reasons.append(await part())
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    reasons.append(f"{type(error).__name__}: {error}")
                tasks.cancel_scope.cancel()

            tasks.start_soon(until_over, lambda: self._listen(socket))
            tasks.start_soon(until_over, lambda: self._talk(socket))
            tasks.start_soon(until_over, lambda: self._ping(socket))
            tasks.start_soon(until_over, self._watch)
        return reasons[0]

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        while True:
            received = await socket.receive()
            if received.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                self._take(received.data)
                await checkpoint()  # a flood leaves turns to others
            elif received.type is aiohttp.WSMsgType.ERROR:
                return f"the connection failed: {socket.exception()}"
            else:
                return f"the venue closed the connection ({socket.close_code})"

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        while True:
            due = self._subscriptions.due(self._seconds)
            while await self._send(socket, lambda: self._request(next(due, None))):  # noqa: B023
                pass
            await self._wait_for_work(LOOK)

    async def _ping(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        while True:
            await self._clock.sleep_until(self._clock.now() + PING)
            await self._send(socket, lambda: {"method": "ping"}, Priority.ORDERS)

    def _request(self, due: tuple[str, Subscription] | None) -> object | None:
        if due is None:
            return None
        method, subscription = due
        if method == "subscribe":
            self._listener.began(subscription)
        return {"method": method, "subscription": subscription.wire}

    async def _send(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        say: Callable[[], object | None],
        priority: Priority = Priority.READS,
    ) -> bool:
        """Send what is to be said once there is room for it; False if there is nothing."""
        self._is_kept_waiting = priority is Priority.READS
        async with self._budget.messages.spend(1, priority) as spending:
            self._is_kept_waiting = False
            if (said := say()) is None:
                spending.amount = 0
                return False
            text = json.dumps(said, separators=(",", ":"))
            await within(self._clock, CONNECTING, lambda: socket.send_str(text))
            return True

    async def _watch(self) -> str:
        while True:
            await self._clock.sleep_until(self._clock.now() + LOOK)
            now = self._clock.now()
            if self._is_kept_waiting:
                self._told = now  # nobody tells what could not be asked for yet
            if abs(now - self._heard) >= SILENCE:
                return f"not a word for {SILENCE.total_seconds():g} s"
            expects = self._subscriptions.expects(self._seconds())
            if expects and abs(now - self._told) >= NO_DATA:
                return f"no news for {NO_DATA.total_seconds():g} s"

    def _take(self, text: str | bytes) -> None:
        now = self._clock.now()
        self._heard = now
        try:
            message = read(text)
        except MalformedMessageError as error:
            self._listener.missed()
            self._unreadable += 1
            if self._unreadable.bit_count() == 1:  # the first, and ever more seldom
                self._log.warning("stream", error=str(error), so_far=self._unreadable)
            return
        if isinstance(message, BarSeen | ContextSeen | UserSeen):
            if self._subscriptions.heard(message.subscription, self._seconds()):
                self._told = now
                self._down_since = None
                self._listener.took(message, now)
        elif isinstance(message, Acknowledged):
            if message.method == "subscribe":
                self._subscriptions.heard(message.subscription, self._seconds())
        elif isinstance(message, Refused):
            self._hear_refusal(message)

    def _hear_refusal(self, message: Refused) -> None:
        asked = message.subscription
        if asked is None:
            self._log.warning("the venue's stream says", text=message.text[:200])
        elif message.is_done:
            self._subscriptions.heard(asked, self._seconds())
        elif self._subscriptions.refused(asked, self._seconds()):
            self._log.warning(
                f"the venue refuses to stream {asked.type} {asked.coin}; it is polled",
                text=message.text[:200],
            )

    async def _wait_for_work(self, limit: timedelta | None = None) -> None:
        """Wait until something is wanted or unwanted, or for so long."""
        if limit is None:
            await self._work.wait()
        elif not self._work.is_set():
            try:
                await within(self._clock, limit, self._work.wait)
            except TimeoutError:
                return
        self._work = anyio.Event()

    def _count(self, subscriptions: int) -> None:
        """Tell the budget how many subscriptions are ours."""
        self._budget.subscriptions += subscriptions - self._counted
        self._counted = subscriptions

    def _seconds(self) -> float:
        return self._clock.now().timestamp()


async def _connected(
    http: aiohttp.ClientSession, url: str, limits: aiohttp.ClientWSTimeout
) -> aiohttp.ClientWebSocketResponse:
    return await http.ws_connect(url, timeout=limits)
