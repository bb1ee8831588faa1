"""The websocket of the venue: connections, their limits, and what is said over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import anyio
from aiohttp import WSCloseCode, WSMsgType, web
from attrs import define, field, frozen

from nof0_provider_hyperliquid.rehearsal.audit import Audit
from nof0_provider_hyperliquid.rehearsal.client import QUEUE, Client, RefusedError
from nof0_provider_hyperliquid.rehearsal.faults import Faults
from nof0_provider_hyperliquid.rehearsal.handler import Handler, Reply
from nof0_provider_hyperliquid.rehearsal.limits import Limits
from nof0_provider_hyperliquid.rehearsal.news import MarketNews

SILENCE_MS = 60_000
CHANNELS = {"userEvents": "user"}
"""Where the channel of a message is not the type of its subscription."""


@frozen
class Connection:
    """A websocket, and what it goes through."""

    socket: web.WebSocketResponse
    transport: Any


@define(kw_only=True, eq=False)
class Sockets:
    """All connections; `now` is venue time in ms, `prepare` brings the venue up to it."""

    handler: Handler
    news: MarketNews
    faults: Faults
    limits: Limits
    audit: Audit
    now: Callable[[], int]
    prepare: Callable[[], None]
    snapshot: Callable[[str, str], Any | None]
    """What a user's subscription of a type is told first; None: nothing."""
    is_muted: bool = False
    """Connections stay open and nothing comes any more, not even to new ones."""
    clients: dict[Client, Connection] = field(factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it ends."""
        now_ms, address = self.now(), request.remote or ""
        limits = self.limits.of(address)
        is_full = len(self._of(address)) >= limits.sockets
        if is_full or not limits.connections.take(1, now_ms):
            self.audit.refused_connections += 1
            return web.Response(status=429, text="null")
        self.audit.connections.append((now_ms, address))
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        send, receive = anyio.create_memory_object_stream[str](QUEUE)
        client = Client(put=send.send_nowait, faults=self.faults, spoken_ms=now_ms, address=address)
        self.clients[client] = Connection(socket, request.transport)
        self.audit.most_sockets = max(self.audit.most_sockets, len(self._of(address)))
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_send_all, socket, receive)
                await self._listen(client, socket)
                tasks.cancel_scope.cancel()
        finally:
            self.clients.pop(client, None)
            send.close()
            receive.close()
        return socket

    def tell(self, events: Sequence[Any] = ()) -> None:
        """Tell everybody what is new: prices, and events of users."""
        now_ms = self.now()
        for client in list(self.clients):
            client.is_muted = self.is_muted
            try:
                self.news.tell(client, now_ms)
                for event in events:
                    for subscription in client.listens(event.type, event.user):
                        channel = CHANNELS.get(event.type, event.type)
                        client.tell(channel, event.data, now_ms, kind=subscription.type)
            except anyio.WouldBlock:
                self.drop([client])

    async def close_silent(self) -> None:
        """Close connections to which nothing was sent for a minute."""
        now_ms = self.now()
        for client, connection in list(self.clients.items()):
            if now_ms - client.spoken_ms >= SILENCE_MS and not self.is_muted:
                await connection.socket.close(code=WSCloseCode.GOING_AWAY, message=b"Inactive")

    def drop(self, clients: Sequence[Client] | None = None) -> None:
        """Break connections off without a word; all of them if none are named."""
        for client in list(self.clients) if clients is None else clients:
            connection = self.clients.pop(client, None)
            if connection is not None and connection.transport is not None:
                connection.transport.abort()

    async def close(self) -> None:
        """Close all connections in good order."""
        for connection in list(self.clients.values()):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)

    def _of(self, address: str) -> list[Client]:
        """Return the connections of an IP address."""
        return [client for client in self.clients if client.address == address]

    async def _listen(self, client: Client, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                return
            now_ms = self.now()
            self.audit.messages.append((now_ms, client.address))
            if not self.limits.of(client.address).messages.take(1, now_ms):
                return
            client.is_muted = self.is_muted
            self.prepare()
            try:
                said = json.loads(message.data)
                self._hear(client, said, now_ms)
            except RefusedError as error:
                client.tell("error", str(error), now_ms)
            except (ValueError, KeyError, TypeError, AttributeError):
                text = f"Error parsing JSON into valid websocket request: {message.data[:200]}"
                client.tell("error", text, now_ms)

    def _hear(self, client: Client, said: Any, now_ms: int) -> None:
        method = said["method"]
        if method == "ping":
            client.tell("pong", None, now_ms)
        elif method == "subscribe":
            self._subscribe(client, said["subscription"], now_ms)
        elif method == "unsubscribe":
            client.unsubscribe(said["subscription"])
            client.tell("subscriptionResponse", said, now_ms)
        elif method == "post":
            self._post(client, said, now_ms)
        else:
            raise ValueError(method)

    def _subscribe(self, client: Client, wanted: Any, now_ms: int) -> None:
        limits, others = self.limits.of(client.address), self._of(client.address)
        total = sum(len(each.subscriptions) for each in others)
        if total >= limits.subscriptions:
            message = "Cannot track more than 1000 total subscriptions."
            raise RefusedError(message)
        subscription = client.subscribe(wanted)
        users = {user for each in others for user in each.users}
        refusal = ""
        if len(users) > limits.users:
            refusal = "Cannot track more than 10 total users."
        elif not subscription.user and not self.news.is_known(subscription):
            refusal = f"Invalid subscription {json.dumps(wanted)}"
        if refusal:
            del client.subscriptions[subscription]
            raise RefusedError(refusal)
        self.audit.most_subscriptions = max(self.audit.most_subscriptions, total + 1)
        client.tell("subscriptionResponse", {"method": "subscribe", "subscription": wanted}, now_ms)
        if not subscription.user:
            self.news.tell_one(client, subscription, now_ms)
        elif (first := self.snapshot(subscription.type, subscription.user)) is not None:
            client.tell(subscription.type, first, now_ms, kind=subscription.type)

    def _post(self, client: Client, said: Any, now_ms: int) -> None:
        kind, payload = said["request"]["type"], said["request"]["payload"]
        path = "/exchange" if kind == "action" else "/info"
        reply = self.handler.handle(path, json.dumps(payload).encode(), now_ms, client.address)
        if reply.status == 0:
            return
        client.tell("post", {"id": said["id"], "response": _posted(kind, payload, reply)}, now_ms)


def _posted(kind: str, payload: Any, reply: Reply) -> dict[str, Any]:
    if reply.status != 200 or not reply.is_json:
        return {"type": "error", "payload": f"{reply.status} {reply.text}"}
    data = json.loads(reply.text)
    return {
        "type": kind,
        "payload": data if kind == "action" else {"type": payload["type"], "data": data},
    }


async def _send_all(socket: web.WebSocketResponse, texts: Any) -> None:
    async for text in texts:
        try:
            await socket.send_str(text)
        except ConnectionError:
            return
