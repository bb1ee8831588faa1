"""What a client says about the answer it wants, and the choice that follows."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import attrs

from nof0_api.asgi import Answer, Header


@attrs.frozen(kw_only=True, eq=False)
class Choice:
    """A whole answer for any client.

    `unchanged` is for those that have it under its `tag` already, `zipped` for those that read
    gzip, None where that is not shorter. The messages are shared by all requests and must not be
    changed.
    """

    tag: bytes
    plain: Answer
    zipped: Answer | None
    unchanged: Answer

    def choose(self, headers: Iterable[Header]) -> Answer:
        """Return start and body for a request with these headers, names in lower case."""
        chosen = self.plain
        for name, value in headers:
            if name == b"if-none-match":
                if matches(value, self.tag):
                    return self.unchanged
            elif name == b"accept-encoding" and self.zipped and accepts_gzip(value):
                chosen = self.zipped
        return chosen


@lru_cache(maxsize=256)
def accepts_gzip(accepted: bytes) -> bool:
    """Tell whether an `Accept-Encoding` allows gzip; `*` counts, a weight of 0 refuses."""
    verdict = False
    for one in accepted.lower().split(b","):
        coding, _, weight = one.partition(b";")
        if coding.strip() in {b"gzip", b"x-gzip"}:
            return not _is_zero(weight)
        if coding.strip() == b"*":
            verdict = not _is_zero(weight)
    return verdict


def matches(condition: bytes, tag: bytes) -> bool:
    """Tell whether an `If-None-Match` names a tag, compared weakly as RFC 9110 wants it."""
    if condition == tag:
        return True
    opaque = tag.removeprefix(b"W/")
    return any(
        one.strip() == b"*" or one.strip().removeprefix(b"W/") == opaque
        for one in condition.split(b",")
    )


def _is_zero(weight: bytes) -> bool:
    name, _, value = weight.strip().partition(b"=")
    return name.strip() == b"q" and value.strip().strip(b"0") in {b"", b"."}
