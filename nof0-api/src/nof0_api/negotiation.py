"""What a client says about the answer it wants."""

from __future__ import annotations

from functools import lru_cache


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
