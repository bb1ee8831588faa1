"""The dashboard as an ASGI application: a handful of files, served from memory.

It needs no web framework and reads nothing but its own package. Mount it at `/` behind the routes
of the API:

    dashboard = Dashboard(load_pages())

The page asks for `api/…` and `metrics` relative to its own address, so a prefix works too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nof0_api.asgi import Answer, Header, Receive, Send, answer, with_headers, without_body
from nof0_api.dashboard_files import load_pages
from nof0_api.negotiation import Choice

__all__ = ["Dashboard", "load_pages"]

# Nothing inline and nothing from elsewhere: a model's text can hold markup and must stay text.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A picture may be opened by itself. Then an SVG is a document, in which no script may run.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_SAFE: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_SECURITY = ((b"content-security-policy", CONTENT_SECURITY_POLICY.encode()), *_SAFE)
_OF_PICTURES = ((b"content-security-policy", PICTURE_POLICY.encode()), *_SAFE)
_PROBLEM: Header = (b"content-type", b"application/problem+json")
_NOT_FOUND = answer(404, [_PROBLEM], b'{"type":"about:blank","title":"Not Found","status":404}')
_NOT_ALLOWED = answer(
    405,
    [(b"allow", b"GET, HEAD"), _PROBLEM],
    b'{"type":"about:blank","title":"Method Not Allowed","status":405}',
)


class Dashboard:
    """Answers GET and HEAD of the dashboard's files; everything else is 404 or 405."""

    def __init__(self, pages: Mapping[str, Choice]) -> None:
        """Serve `pages`, by path with a leading slash."""
        self._pages = pages

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is answered, for a router that wants to know them."""
        return tuple(self._pages)

    async def __call__(
        self,
        scope: Any,
        receive: Receive,  # noqa: ARG002 - the protocol gives it; no request here has a body
        send: Send,
    ) -> None:
        """Answer one HTTP request; `scope["path"]` is relative to where this is mounted."""
        if scope["type"] != "http":
            return
        chosen = self.answer(scope["method"], scope["path"], scope["headers"])
        for message in without_body(chosen) if scope["method"] == "HEAD" else chosen:
            await send(message)

    def answer(self, method: str, path: str, headers: Iterable[Header]) -> Answer:
        """Choose start and body.

        Args:
            method: of the request, upper case.
            path: decoded, without the query. It is only looked up, never opened.
            headers: of the request, names in lower case.
        """
        page = self._pages.get(path or "/")
        if method not in {"GET", "HEAD"}:
            chosen = _NOT_ALLOWED
        elif page is None:
            chosen = _NOT_FOUND
        else:
            chosen = page.choose(headers)
        return with_headers(chosen, _OF_PICTURES if path.startswith("/logos/") else _SECURITY)
