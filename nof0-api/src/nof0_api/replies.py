"""Answers that are bytes already, in the terms of the web framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from litestar import Response

from nof0_api.asgi import Answer, App, Header, Receive, Send

T = TypeVar("T")


class Reply(Response[T], Generic[T]):
    """An answer chosen by the headers of the request; `T` is what the document says is in it."""

    def __init__(self, choose: Callable[[Iterable[Header]], Answer]) -> None:
        super().__init__(content=None)  # type: ignore[arg-type]  # the bytes are there already
        self._choose = choose

    def to_asgi_response(self, *_: Any, **__: Any) -> App:  # type: ignore[override]  # any ASGI app will do
        """Send the bytes as they are."""

        async def app(scope: Any, receive: Receive, send: Send) -> None:
            del receive
            start, body = self._choose(scope["headers"])
            await send(start)
            await send(body)

        return app
