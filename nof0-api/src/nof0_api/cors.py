"""Which web sites a browser lets read the answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from nof0_api.asgi import Answer, Header, answer
from nof0_core.project import ANY_ORIGIN

_EXPOSED: Header = (b"access-control-expose-headers", b"ETag, Nof0-Export, X-Data-Age")
_ANY: Header = (b"access-control-allow-origin", b"*")
_VARIES: Header = (b"vary", b"Origin")


class Cors:
    """The rules of `Cors.AllowOrigins`: a list of origins, or `*` among them for all."""

    def __init__(self, origins: Collection[str]) -> None:
        self._is_open = ANY_ORIGIN in origins
        self._origins = frozenset(origin.encode() for origin in origins)
        self.is_off = not origins

    def headers(self, asked: Iterable[Header]) -> tuple[Header, ...]:
        """Return what is to be added to an answer for a request with these headers."""
        if self.is_off:
            return ()
        if self._is_open:
            return (_ANY, _EXPOSED)
        origin = _find(asked, b"origin")
        if origin not in self._origins or origin is None:
            # Caches must not hand the answer of one site to another.
            return (_VARIES,)
        return ((b"access-control-allow-origin", origin), _EXPOSED, _VARIES)

    def preflight(self, asked: Iterable[Header]) -> Answer | None:
        """Answer the question a browser asks before some requests; None if that is no such one.

        It allows reading only, whatever was asked for.
        """
        asked = list(asked)
        allowed = self.headers(asked)
        is_allowed = any(name == b"access-control-allow-origin" for name, _ in allowed)
        if not is_allowed or _find(asked, b"access-control-request-method") is None:
            return None
        headers = [
            *allowed,
            (b"access-control-allow-methods", b"GET, HEAD"),
            (b"access-control-allow-headers", b"If-None-Match, Accept, Content-Type"),
            (b"access-control-max-age", b"600"),
        ]
        return answer(204, headers, None)


def _find(headers: Iterable[Header], wanted: bytes) -> bytes | None:
    for name, value in headers:
        if name == wanted:
            return value
    return None
