"""`/api/events`: tells clients of each new export, as server-sent events."""

from __future__ import annotations

from typing import Any

import anyio
import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from nof0_api.asgi import App, Header, Receive, Send
from nof0_api.problems import MEDIA_TYPE, problem, problem_answer
from nof0_api.schemas.answers import ExportEvent, Problem
from nof0_core.clock import pause
from nof0_core.sources import DataSource, Export

MOST_CLIENTS = 64
"""Clients that listen at a time; the next one is asked to come back later."""
KEPT_ALIVE_EVERY = 15.0
"""Seconds of real time after which a line is sent, so that nobody between gives up."""
_LOOK = 0.1
"""Seconds of real time between two looks whether the server is closed."""
_HEADERS: list[Header] = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy would hold events back
]


class Events:
    """All clients that listen. For use in one event loop, but for `close`."""

    def __init__(self, source: DataSource) -> None:
        self._source = source
        self._listening = 0
        self._is_closed = False

    def close(self) -> None:
        """Let all streams end; may be called from any thread."""
        self._is_closed = True

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one client until it goes, or until the server is closed."""
        if self._listening >= MOST_CLIENTS:
            for message in problem_answer(problem(503, "too many clients listen already")):
                await send(message)
            return
        self._listening += 1
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            if scope["method"] != "HEAD":
                await self._stream(receive, send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._listening -= 1

    async def _stream(self, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks:

            async def leave() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(leave)
            known = await self._source.export()
            await _say(send, b"retry: 2000\n" + _event(known))
            while not self._is_closed:
                newer = await self._newer(known)
                if newer is None:
                    await _say(send, b": still here\n\n")
                elif newer.number != known.number:
                    known = newer
                    await _say(send, _event(known))
            tasks.cancel_scope.cancel()

    async def _newer(self, known: Export) -> Export | None:
        """Wait for a new export; returns the known one when closed, None after a while."""
        found: Export | None = None
        with anyio.move_on_after(KEPT_ALIVE_EVERY):
            async with anyio.create_task_group() as tasks:

                async def wait() -> None:
                    nonlocal found
                    found = await self._source.newer(known.number)
                    tasks.cancel_scope.cancel()

                tasks.start_soon(wait)
                while not self._is_closed:
                    await pause(_LOOK)
                found = known
                tasks.cancel_scope.cancel()
        return found


class Stream(Response[ExportEvent]):
    """An answer that goes on, in the terms of the web framework."""

    def __init__(self, events: Events) -> None:
        super().__init__(content=None)  # type: ignore[arg-type]  # it is written as it comes
        self._events = events

    def to_asgi_response(self, *_: Any, **__: Any) -> App:  # type: ignore[override]  # any ASGI app will do
        """Let the client listen."""
        return self._events


@get(
    "/api/events",
    summary="A server-sent event per export",
    tags=["operation"],
    responses={
        503: ResponseSpec(
            data_container=Problem,
            media_type=MEDIA_TYPE,
            description="Too many clients listen already",
            generate_examples=False,
        )
    },
)
async def events(listeners: NamedDependency[Events]) -> Stream:
    """Tell number and time of the newest export at once, and of each one that follows."""
    return Stream(listeners)


def _event(export: Export) -> bytes:
    told = msgspec.json.encode(ExportEvent(export=export.number, time=export.time))
    return b"id: %d\ndata: %s\n\n" % (export.number, told)


async def _say(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})
