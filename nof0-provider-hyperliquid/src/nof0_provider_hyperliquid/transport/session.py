"""The SDK's client, held to a time and a size, and to the address it was given."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from hyperliquid.info import Info
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError

from nof0_core.clock import stopwatch

LARGEST_BODY = 64 * 1024 * 1024
_CHUNK = 65_536
NOTHING: Mapping[str, list[Any]] = {"universe": [], "tokens": []}
"""Metadata handed to the SDK, which would ask for its own, twice, before anything else."""


class BodyTooLongError(HTTPError):
    """An answer is longer than any the venue gives."""


class _BoundedAdapter(HTTPAdapter):
    """Reads whole bodies within `seconds`; the time-out of a socket only ends a silence."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        super().__init__(pool_connections=1, pool_maxsize=1)

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send a request and read its answer."""
        began = stopwatch()
        kwargs["stream"] = True
        response = super().send(request, *args, **kwargs)
        raw = response.raw
        try:
            body = self._read(raw, began)
        except BaseException:
            raw.close()
            raise
        response.raw = HTTPResponse(BytesIO(body), status=raw.status, preload_content=False)
        return response

    def _read(self, raw: HTTPResponse, began: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := raw.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > LARGEST_BODY:
                message = f"an answer of more than {LARGEST_BODY} bytes"
                raise BodyTooLongError(message)
            if stopwatch() - began > self._seconds:
                message = f"the answer was not complete within {self._seconds:g} s"
                raise ReadTimeoutError(None, "", message)  # type: ignore[arg-type]
        return b"".join(parts)


def open_info(base_url: str, seconds: float) -> Info:
    """Make an SDK client that asks nothing by itself, opens no socket and follows no redirect.

    Proxies are those of the environment (HTTPS_PROXY, NO_PROXY).
    """
    info = Info(base_url, skip_ws=True, meta=NOTHING, spot_meta=NOTHING, timeout=seconds)
    _bound(info.session, seconds)
    return info


def open_session(seconds: float) -> Session:
    """Make a session for requests that are never repeated; it follows no redirect either."""
    session = Session()
    _bound(session, seconds)
    return session


def _bound(session: Session, seconds: float) -> None:
    session.max_redirects = 0
    session.mount("http://", _BoundedAdapter(seconds))
    session.mount("https://", _BoundedAdapter(seconds))
