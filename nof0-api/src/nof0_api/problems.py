"""From errors to problem answers (RFC 9457): one place decides what a client is told."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from litestar.exceptions import HTTPException

from nof0_api.asgi import Answer, Header, answer
from nof0_api.schemas.answers import Problem
from nof0_core.sources import SourceDownError, UnknownModelError

MEDIA_TYPE = "application/problem+json"
ALLOWED = b"GET, HEAD"
_RETRY_AFTER = b"5"
_LONGEST_DETAIL = 300


def problem_of(error: Exception) -> Problem:
    """Choose status and wording; nothing of what is inside an unforeseen error gets out."""
    match error:
        case UnknownModelError():
            return problem(404, "there is no such model")
        case SourceDownError():
            return problem(503, "the data cannot be read at the moment")
        case HTTPException(status_code=status) if status < 500:
            return problem(status, _detail(error))
        case _:
            return problem(500, "this is a bug; the server's log says more")


def problem(status: int, detail: str) -> Problem:
    """Describe a problem whose title is that of its status."""
    return Problem(
        type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail
    )


def problem_answer(told: Problem) -> Answer:
    """Write a problem as an answer."""
    headers: list[Header] = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"cache-control", b"no-store"),
    ]
    if told.status == 405:
        headers.append((b"allow", ALLOWED))
    if told.status == 503:
        headers.append((b"retry-after", _RETRY_AFTER))
    return answer(told.status, headers, msgspec.json.encode(told))


def _detail(error: HTTPException) -> str:
    """Name the parameters that are wrong; the framework's sentence repeats the address."""
    extra = error.extra
    if isinstance(extra, list):
        faults = [
            f"{e.get('key', '')}: {e.get('message', '')}" for e in extra if isinstance(e, dict)
        ]
        if faults:
            return "; ".join(faults)[:_LONGEST_DETAIL]
    return HTTPStatus(error.status_code).description or HTTPStatus(error.status_code).phrase
