"""A venue of the stream alone, which says what a test tells it to, and a clock moved by hand."""

from __future__ import annotations

import json
import random
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import attrs
from aiohttp import WSMsgType, web

from nof0_core.testing import Lines
from nof0_provider_hyperliquid.stream.live import MarketStream
from nof0_provider_hyperliquid.transport.budget import NetworkBudget

START = datetime(2025, 7, 1, tzinfo=UTC)


class StepClock:
    """Time that passes when a test says so; whoever waits is woken in order of time."""

    is_lockstep = False

    def __init__(self, start=START):
        self._now = start
        self._waiting = []

    def now(self):
        return self._now

    async def sleep_until(self, moment):
        if moment <= self._now:
            return
        entry = moment, anyio.Event()
        self._waiting.append(entry)
        try:
            await entry[1].wait()
        finally:
            self._waiting.remove(entry)

    @property
    def waiting(self):
        """How long each that waits still has to, in seconds, ascending."""
        return sorted((moment - self._now).total_seconds() for moment, _ in self._waiting)

    async def advance(self, seconds):
        end = self._now + timedelta(seconds=seconds)
        while True:
            due = [entry for entry in self._waiting if not entry[1].is_set() and entry[0] <= end]
            self._now = max(self._now, min((moment for moment, _ in due), default=end))
            woken = [event for moment, event in due if moment <= self._now]
            for event in woken:
                event.set()
            await turns()
            if not woken and self._now >= end:
                return

    def jump(self, seconds):
        """Set the clock, as somebody may: nobody is woken."""
        self._now += timedelta(seconds=seconds)


async def turns():
    """Let everybody go on for a while."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


async def until(condition):
    """Wait until something is so that others bring about over a real socket."""
    while not condition():  # noqa: ASYNC110 - it comes over a socket
        await anyio.sleep(0.002)  # noqa: TID251


@attrs.define(eq=False)
class Connection:
    """One connection of a client."""

    socket: web.WebSocketResponse
    received: list = attrs.field(factory=list)
    is_over: bool = False

    async def say(self, channel, data):
        await self.raw(json.dumps({"channel": channel, "data": data}))

    async def raw(self, text):
        await self.socket.send_str(text)

    async def drop(self):
        """End it without a word."""
        transport = self.socket._req.transport
        if transport is not None:
            transport.abort()
        await until(lambda: self.is_over)

    @property
    def subscribed(self):
        """What it is subscribed to, in order."""
        found = []
        for each in self.received:
            if each["method"] == "subscribe":
                found.append(each["subscription"])
            elif each["method"] == "unsubscribe":
                found.remove(each["subscription"])
        return found

    @property
    def pings(self):
        return sum(each["method"] == "ping" for each in self.received)


class ScriptedVenue:
    """A real server on the loopback; `refuse` is an HTTP status to answer handshakes with."""

    def __init__(self):
        self.connections = []
        self.tries = 0
        self.refuse = None
        self.answers = True
        self.hangs = False
        self.base_url = ""

    @property
    def now(self):
        """The connection that is open, None without one."""
        return next((each for each in self.connections if not each.is_over), None)

    @asynccontextmanager
    async def open(self):
        app = web.Application()
        app.router.add_get("/ws", self._serve)
        self.routes(app)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            for each in self.connections:
                await each.socket.close()
            await runner.cleanup()

    def routes(self, app):
        """Add what else is served."""

    async def _serve(self, request):
        self.tries += 1
        if self.hangs:
            await anyio.sleep_forever()
        if self.refuse is not None:
            return web.Response(status=self.refuse, text="<html>Bad Gateway</html>")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket)
        self.connections.append(connection)
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                said = json.loads(message.data)
                connection.received.append(said)
                if self.answers:
                    await self._answer(connection, said)
        except (ConnectionError, OSError):
            pass
        finally:
            connection.is_over = True
        return socket

    async def _answer(self, connection, said):
        if said["method"] == "ping":
            await connection.raw('{"channel":"pong"}')
        else:
            await connection.say("subscriptionResponse", said)


def context(mark="100.0"):
    """Prices as the venue tells them."""
    return {"markPx": mark, "midPx": mark, "oraclePx": mark, "funding": "0.0000125"}


def candle(coin, interval, bar, length=180_000):
    """A bar as the venue tells it."""
    return {
        "t": bar.open_time,
        "T": bar.open_time + length - 1,
        "s": coin,
        "i": interval,
        "o": str(bar.open),
        "c": str(bar.close),
        "h": str(bar.high),
        "l": str(bar.low),
        "v": str(bar.volume),
        "n": 7,
    }


class Kit:
    """A stream on a scripted venue."""

    def __init__(self, venue, clock):
        self.venue = venue
        self.clock = clock
        self.log = Lines()
        self.alerts = []
        self.budget = NetworkBudget(
            venue.base_url, clock=clock, alert=lambda *told: self.alerts.append(told)
        )
        self.fetched = []
        self.rest = {}
        """Of each coin the bars REST has."""
        self.stream = MarketStream(
            section="hl",
            base_url=venue.base_url,
            clock=clock,
            rng=random.Random(7),
            log=self.log,
            budget=self.budget,
            fetch=self._fetch,
            start=lambda: None,  # `running` does
        )

    async def _fetch(self, coin, interval, first, last):
        self.fetched.append((coin, interval, first, last))
        await anyio.lowlevel.checkpoint()  # others have their turn meanwhile
        bars = self.rest.get(coin, ())
        return [attrs.astuple(bar) for bar in bars if first <= bar.open_time <= last]

    @asynccontextmanager
    async def running(self):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.stream.run)
            yield self
            tasks.cancel_scope.cancel()

    async def connected(self, subscriptions=0):
        """Wait until the venue has a connection with so many subscriptions, all answered."""
        await until(
            lambda: self.venue.now is not None and len(self.venue.now.subscribed) >= subscriptions
        )
        socket = self.stream._socket
        await until(lambda: all(map(socket.is_told, list(socket._subscriptions._wanted))))
        return self.venue.now

    async def time_until(self, condition, step=1.0):
        """Let time pass in steps until something is so; return how much has, in seconds."""
        began = self.clock.now()
        while not condition():
            await self.clock.advance(step)
            await anyio.sleep(0.002)  # noqa: TID251 - what comes over the socket comes meanwhile
        return (self.clock.now() - began).total_seconds()
