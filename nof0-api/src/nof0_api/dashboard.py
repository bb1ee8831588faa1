"""The dashboard as an ASGI application: a handful of files, served from memory.

It needs no web framework and reads nothing but its own package. Mount it at `/` behind the routes
of the API:

    dashboard = Dashboard(load_pages())

The page asks for `api/…` and `metrics` relative to its own address, so a prefix works too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from nof0_api.dashboard_files import Page, load_pages

__all__ = ["Dashboard", "load_pages"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

# Nothing inline and nothing from elsewhere: a model's text can hold markup and must stay text.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY: tuple[Header, ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_NOT_FOUND = b'{"type":"about:blank","title":"Not Found","status":404}'
_NOT_ALLOWED = b'{"type":"about:blank","title":"Method Not Allowed","status":405}'
_PROBLEM: Header = (b"content-type", b"application/problem+json")


class Dashboard:
    """Answers GET and HEAD of the dashboard's files; everything else is 404 or 405."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        """Serve `pages`, by path with a leading slash."""
        self._pages = pages

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is answered, for a router that wants to know them."""
        return tuple(self._pages)

    async def __call__(
        self,
        scope: Message,
        receive: Receive,  # noqa: ARG002 - the protocol gives it; no request here has a body
        send: Send,
    ) -> None:
        """Answer one HTTP request; `scope["path"]` is relative to where this is mounted."""
        if scope["type"] != "http":
            return
        status, headers, body = self.answer(
            scope["method"], scope["path"], {bytes(k).lower(): v for k, v in scope["headers"]}
        )
        length = (b"content-length", str(len(body)).encode())
        sent = b"" if scope["method"] == "HEAD" or status == 304 else body
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, *_SECURITY, *(() if status == 304 else (length,))],
            }
        )
        await send({"type": "http.response.body", "body": sent})

    def answer(
        self, method: str, path: str, headers: Mapping[bytes, bytes]
    ) -> tuple[int, tuple[Header, ...], bytes]:
        """Choose status, headers and body.

        Args:
            method: of the request, upper case.
            path: decoded, without the query. It is only looked up, never opened.
            headers: of the request, names in lower case.
        """
        if method not in {"GET", "HEAD"}:
            return 405, ((b"allow", b"GET, HEAD"), _PROBLEM), _NOT_ALLOWED
        page = self._pages.get(path or "/")
        if page is None:
            return 404, (_PROBLEM,), _NOT_FOUND
        # Names carry no digest, so every visit asks; the answer is nearly always 304.
        shared: tuple[Header, ...] = (
            (b"etag", page.etag),
            (b"cache-control", b"no-cache"),
            (b"vary", b"Accept-Encoding"),
        )
        asked = headers.get(b"if-none-match", b"")
        if asked.strip() == b"*" or page.etag in {
            one.strip().removeprefix(b"W/") for one in asked.split(b",")
        }:
            return 304, shared, b""
        shared = (*shared, (b"content-type", page.content_type))
        if page.zipped is not None and _accepts_gzip(headers.get(b"accept-encoding", b"")):
            return 200, (*shared, (b"content-encoding", b"gzip")), page.zipped
        return 200, shared, page.body


def _accepts_gzip(accepted: bytes) -> bool:
    for one in accepted.lower().split(b","):
        coding, _, weight = one.strip().partition(b";")
        if coding.strip() == b"gzip":
            return weight.replace(b" ", b"") not in {b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"}
    return False
