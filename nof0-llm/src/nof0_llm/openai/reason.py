"""The words of an endpoint that refuses, wherever in its answer it puts them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 300
DEEPEST = 8

_SAID = (
    "error",
    "errors",
    "message",
    "detail",
    "details",
    "error_msg",
    "error_message",
    "errorMessage",
    "error_description",
    "description",
    "msg",
    "status_msg",
    "reason",
    "title",
    "base_resp",
    "metadata",
    "raw",
)
"""Keys under which reasons stand, outer words before inner ones."""

_CODES = ("code", "status", "status_code", "error_code", "type")
_WITHIN = ("error", "errors", "base_resp", "detail")

_PASSES = re.compile(
    r"rate.?limit|overload|unavailable|time.?out|timed out|server.?error|internal.?error|\bbusy\b"
    r"|try again|capacity|exhausted|temporar|too many requests|upstream",
    re.IGNORECASE,
)
_SPENT = re.compile(
    r"insufficient.?(?:quota|balance|credit|fund)|billing|quota.?exceeded.?error"
    r"|exceeded.?current.?quota.?error|payment.?required|arrearage|out.?of.?credit",
    re.IGNORECASE,
)


def words(body: Any) -> str:
    """Return what an answer says of its failure in one line; empty if it says nothing."""
    found = dict.fromkeys(" ".join(text.split()) for text in _texts(body, 0))
    return "; ".join(text for text in found if text)[:LONGEST]


def code(body: Any) -> int | None:
    """Return the HTTP status that an error inside of an answer names, None for none."""
    for value in _codes(body, 0):
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if type(number) is int and 400 <= number < 600:
            return number
    return None


def param(body: Any) -> str:
    """Return the parameter an endpoint refuses, where it names one apart."""
    inner = body.get("error") if isinstance(body, Mapping) else None
    named = inner.get("param") if isinstance(inner, Mapping) else None
    return named if isinstance(named, str) else ""


def may_pass(body: Any) -> bool:
    """Tell whether an error without a status sounds as if waiting could help."""
    return bool(_PASSES.search(f"{' '.join(_named(body))} {words(body)}"))


def is_spent(body: Any) -> bool:
    """Tell whether an error is named as one of money, which no waiting brings."""
    return bool(_SPENT.search(" ".join(_named(body))))


def is_error(body: Any) -> bool:
    """Tell whether an answer without a message is an error the endpoint speaks of."""
    return isinstance(body, Mapping) and bool(words(body) or code(body))


def _named(body: Any) -> Iterator[str]:
    return (value for value in _codes(body, 0) if isinstance(value, str))


def _codes(body: Any, depth: int) -> Iterator[Any]:
    if isinstance(body, list) and depth < DEEPEST:
        for each in body:
            yield from _codes(each, depth + 1)
    if not isinstance(body, Mapping) or depth >= DEEPEST:
        return
    for key in _CODES:
        if key in body:
            yield body[key]
    for key in _WITHIN:
        if key in body:
            yield from _codes(body[key], depth + 1)


def _texts(body: Any, depth: int) -> Iterator[str]:
    if depth > DEEPEST:
        return
    if isinstance(body, str):
        inner = _json(body)
        if inner is not None:
            yield from _texts(inner, depth + 1)
        elif not body.lstrip().startswith("<"):
            yield body
        return
    place = body.get("loc") if isinstance(body, Mapping) else None
    if isinstance(place, list):
        yield ".".join(map(str, place))
    inner = body[:20] if isinstance(body, list) else []
    if isinstance(body, Mapping):
        inner = [body[key] for key in _SAID if key in body]
    for each in inner:
        yield from _texts(each, depth + 1)


def _json(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")) or len(text) > 100_000:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
