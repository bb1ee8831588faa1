"""The venue as a server on this machine: `/info`, `/exchange` and `/ws` on one port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import anyio
from aiohttp import web

from nof0_core.clock import pause
from nof0_provider_hyperliquid.rehearsal.faults import Harm
from nof0_provider_hyperliquid.rehearsal.handler import Reply
from nof0_provider_hyperliquid.rehearsal.sockets import Sockets

BYTE_BY_BYTE = 0.05
"""Seconds of real time between two bytes of a slow answer."""


@asynccontextmanager
async def serving(
    handle: Callable[[str, bytes, str], Reply], sockets: Sockets, port: int = 0
) -> AsyncIterator[str]:
    """Serve on loopback and yield the base URL.

    Args:
        handle: answers the request with a path and a body, of an IP address.
        sockets: takes websockets.
        port: to listen on; 0 for a free one.
    """
    ending = anyio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        reply = handle(request.path, await request.read(), request.remote or "")
        if reply.harm in {Harm.SILENT_BEFORE, Harm.SILENT_AFTER}:
            await ending.wait()
        if reply.harm in {Harm.SLOW, Harm.TRUNCATED}:
            return await _dripped(request, reply, ending)
        if reply.status == 0:
            _cut(request)
            return web.Response(status=HTTPStatus.NO_CONTENT)
        kind = "application/json" if reply.is_json else "text/html"
        return web.Response(status=reply.status, text=reply.text, content_type=kind)

    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_post("/info", answer)
    app.router.add_post("/exchange", answer)
    app.router.add_get("/ws", sockets.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, taken, *_ = runner.addresses[0]
        yield f"http://{host}:{taken}"
    finally:
        ending.set()
        await sockets.close()
        await runner.cleanup()


async def _dripped(request: web.Request, reply: Reply, ending: anyio.Event) -> web.StreamResponse:
    """Send an answer byte by byte until somebody has enough, or half of it and no more."""
    body = reply.text.encode()
    response = web.StreamResponse(status=reply.status)
    response.content_type = "application/json"
    response.content_length = len(body)
    await response.prepare(request)
    if reply.harm is Harm.TRUNCATED:
        await response.write(body[: max(1, len(body) // 2)])
        _cut(request)
        return response
    for number in range(len(body)):
        if ending.is_set() or request.transport is None or request.transport.is_closing():
            break
        try:
            await response.write(body[number : number + 1])
        except ConnectionError:
            break
        await pause(BYTE_BY_BYTE)
    return response


def _cut(request: web.Request) -> None:
    """Close the connection as if a cable had been pulled."""
    if request.transport is not None:
        request.transport.abort()
