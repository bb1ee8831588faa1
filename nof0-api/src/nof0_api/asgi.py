"""The server protocol as this package uses it: plain dicts in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Header = tuple[bytes, bytes]
Message = dict[str, Any]
"""One event of an answer. Those made here may be shared by requests: never change one."""
Answer = tuple[Message, Message]
"""Start and body of an answer."""
Send = Callable[[Any], Awaitable[None]]
Receive = Callable[[], Awaitable[Any]]
App = Callable[[Any, Receive, Send], Awaitable[None]]


def answer(status: int, headers: list[Header], body: bytes | None) -> Answer:
    """Write an answer; without a body (None) it has no length either."""
    if body is not None:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body or b""},
    )


def without_body(given: Answer) -> Answer:
    """Return the answer to HEAD."""
    start, _ = given
    return start, {"type": "http.response.body", "body": b""}


def with_headers(given: Answer, more: tuple[Header, ...]) -> Answer:
    """Return the answer with further headers."""
    if not more:
        return given
    start, body = given
    return {**start, "headers": [*start["headers"], *more]}, body
