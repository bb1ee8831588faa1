"""A venue whose time the test moves, and clients of it."""

from __future__ import annotations

import json

import aiohttp
import anyio
import pytest

from nof0_provider_hyperliquid.rehearsal.venue import Venue

PATIENCE = 20


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def venue(anyio_backend):
    async with Venue.open() as venue:
        yield venue


class Line:
    """A websocket to the venue."""

    def __init__(self, socket):
        self.socket = socket

    async def say(self, **said):
        await self.socket.send_json(said)

    async def subscribe(self, **wanted):
        await self.say(method="subscribe", subscription=wanted)

    async def hear(self):
        """The next message as (channel, data); ("closed", None) where the connection is gone."""
        with anyio.fail_after(PATIENCE):
            message = await self.socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            return "closed", None
        said = json.loads(message.data)
        return said["channel"], said.get("data")

    async def hear_all(self):
        """Everything up to the answer of a ping."""
        await self.say(method="ping")
        heard = []
        while True:
            channel, data = await self.hear()
            if channel in {"pong", "closed"}:
                return heard
            heard.append((channel, data))


@pytest.fixture
async def http(anyio_backend):
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def dial(http, venue):
    """Make connections to the venue's websocket; None where it refuses."""

    async def connect():
        try:
            return Line(await http.ws_connect(f"{venue.base_url}/ws"))
        except aiohttp.WSServerHandshakeError:
            return None

    return connect


@pytest.fixture
def ask(http, venue):
    """Ask `/info` (or `path`) and return (status, text)."""

    async def asked(path="/info", **request):
        with anyio.fail_after(PATIENCE):
            async with http.post(venue.base_url + path, json=request) as answer:
                return answer.status, await answer.text()

    return asked
