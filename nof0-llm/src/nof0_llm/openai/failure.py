"""What went wrong with a call: whether it cost money, and whether to try again."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import aiohttp
import attrs
import openai

from nof0_core.clock import wall_time

RETRIED = (408, 409, 429)
"""Refusals that may pass, beside everything from 500 on."""

HINTS = {
    401: "check api_key in llm.yaml",
    403: "check api_key in llm.yaml, and what it may use",
    404: "check base_url and model_name in llm.yaml",
}
"""What a person can do about a refusal that will not pass."""

NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""Errors of the transport that happen before anything has left. The client's own names for them do
not tell: a connection cut in the middle comes as `ConnectTimeout`, too."""


@attrs.frozen(kw_only=True)
class Failure:
    """One call without an answer.

    `is_free` tells that it certainly cost nothing. `retry_after` is what the endpoint asked to
    wait, in seconds.
    """

    message: str
    is_free: bool
    may_pass: bool
    retry_after: float | None = None


def failure_of(error: Exception) -> Failure:
    """Judge an error of the client; its text never holds what was sent."""
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        if status < 400:  # an answer that cannot be read
            return Failure(message=_unreadable(), is_free=False, may_pass=False)
        return Failure(
            message=f"the endpoint says {status}: {_said(error)}",
            is_free=True,
            may_pass=status in RETRIED or status >= 500,
            retry_after=_retry_after(error.response.headers),
        )
    if isinstance(error, openai.APIConnectionError):
        causes = _causes(error)
        return Failure(
            message=f"the connection to {_host(error)} failed ({type(causes[-1]).__name__})",
            is_free=any(isinstance(cause, NOT_SENT) for cause in causes),
            may_pass=True,
        )
    return Failure(message=_unreadable(), is_free=False, may_pass=False)


def unanswered(response: object) -> Failure:
    """Judge an answer without a message; some endpoints send their errors as such."""
    error = getattr(response, "error", None)
    text = error.get("message") if isinstance(error, Mapping) else None
    why = f": {' '.join(str(text).split())[:300]}" if text else ""
    return Failure(
        message=f"the endpoint's answer has no message{why}", is_free=False, may_pass=False
    )


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it came from, as far as it is known."""
    found = [error]
    while (cause := found[-1].__cause__) is not None and cause not in found:
        found.append(cause)
    return found


def _host(error: openai.APIConnectionError) -> str:
    """Return host and port that were called; the rest of the address may hold a password."""
    return error.request.url.netloc.decode()


def _unreadable() -> str:
    return "the endpoint's answer is not one of its protocol"


def _said(error: openai.APIStatusError) -> str:
    """Return the endpoint's own words, or the usual ones where it sends a page for people."""
    body = error.body
    text = body.get("message") if isinstance(body, Mapping) else body
    if not text or not isinstance(text, str) or text.startswith("<"):
        text = error.response.reason_phrase or type(error).__name__
    said = " ".join(text.split())[:300]
    hint = HINTS.get(error.status_code)
    return f"{said} ({hint})" if hint else said


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After`: seconds, or a moment; None where it is missing or makes no sense."""
    text = headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - wall_time()).total_seconds())
    except (TypeError, ValueError):
        return None
