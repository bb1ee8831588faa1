"""What went wrong with a call: whether it cost money, and whether to try again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import attrs
import httpx2
import openai

from nof0_core.clock import wall_time
from nof0_llm.openai import reason
from nof0_llm.openai.trust import tls_fault

RETRIED = (408, 409, 429)
"""Refusals that may pass, beside everything from 500 on."""

HINTS = {
    401: "check api_key in llm.yaml",
    402: "the account has no money left",
    403: "check api_key in llm.yaml, and what it may use",
    404: "check base_url and model_name in llm.yaml",
    405: "check base_url in llm.yaml",
}
"""What a person can do about a refusal that will not pass."""

FORM = (
    "what is sent follows from mode, params, max_completion_tokens and temperature of the model "
    "in llm.yaml"
)
"""What a person can do where a call is refused for its form."""

NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""Errors of the transport that happen before anything has left. The client's own names for them do
not tell: a connection cut in the middle comes as `ConnectTimeout`, too."""


@attrs.frozen(kw_only=True)
class Failure:
    """One call without an answer.

    `is_free` tells that it certainly cost nothing. `retry_after` is what the endpoint asked to
    wait, in seconds. `status` is that of a refusal, 0 for anything else; `said` are the endpoint's
    own words and `param` the parameter it names. `body` is its answer, which may count tokens.
    """

    message: str
    is_free: bool
    may_pass: bool
    retry_after: float | None = None
    status: int = 0
    said: str = ""
    param: str = ""
    body: Any = None


def failure_of(error: Exception) -> Failure:
    """Judge an error of the client; its text never holds what was sent."""
    if isinstance(error, openai.APIStatusError) and error.status_code >= 400:
        return _refused(error)
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError | aiohttp.ClientError):
        causes, where = _causes(error), _host(error)
        untrusted = tls_fault(causes, where)
        if untrusted:
            return Failure(message=untrusted, is_free=True, may_pass=False)
        to = f" to {where}" if where else ""
        return Failure(
            message=f"the connection{to} failed ({type(causes[-1]).__name__})",
            is_free=any(isinstance(cause, NOT_SENT) for cause in causes),
            may_pass=True,
        )
    return Failure(message=_unreadable(), is_free=False, may_pass=False)


def unanswered(body: Any) -> Failure:
    """Judge an answer without a message, or with an error beside it.

    Some endpoints send their errors under a status that says that all is well. Such a call is free
    if nothing came beside the error; what the endpoint counted is booked all the same.
    """
    body = _with_inner_error(body)
    if not reason.is_error(body):
        message = "the endpoint's answer has no message"
        return Failure(message=message, is_free=False, may_pass=False, body=body)
    said, status = reason.words(body), reason.code(body)
    passes = reason.may_pass(body) if status is None else _passes(status)
    number = f" {status}" if status else ""
    told = f": {_hinted(said, status)}" if said else ""
    return Failure(
        message=f"the endpoint reports an error{number}{told}",
        is_free=not _has_written(body),
        may_pass=passes and not reason.is_spent(body),
        status=status or 0,
        said=said,
        param=reason.param(body),
        body=body,
    )


def _refused(error: openai.APIStatusError) -> Failure:
    status, body = error.status_code, _body(error)
    said = reason.words(body) or error.response.reason_phrase or type(error).__name__
    wait = _retry_after(error.response.headers)
    # A wait that is asked for says that it will pass; without one, no money comes by waiting.
    is_over = reason.is_spent(body) and wait is None
    return Failure(
        message=f"the endpoint says {status}: {_hinted(said, status)}",
        is_free=True,
        may_pass=_passes(status) and not is_over,
        retry_after=wait,
        status=status,
        said=said,
        param=reason.param(body),
        body=body,
    )


def _passes(status: int) -> bool:
    return status in RETRIED or (status >= 500 and status not in (501, 505))


def _hinted(said: str, status: int | None) -> str:
    hint = FORM if status in (400, 422) else HINTS.get(status or 0)
    return f"{said} ({hint})" if hint else said


def _body(error: openai.APIStatusError) -> Any:
    """Return what came with a refusal: JSON, or the text; never a page for people."""
    text = error.response.content[:100_000].decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {"message": text}


def _with_inner_error(body: Any) -> Any:
    """Return an answer whose error stands where others have it, also if it came in the choice."""
    choices = body.get("choices") if isinstance(body, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    inner = choice.get("error") if isinstance(choice, Mapping) else None
    return {**body, "error": inner} if inner and not body.get("error") else body


def _has_written(body: Any) -> bool:
    """Tell whether a model has written something before the error came."""
    choices = body.get("choices") if isinstance(body, Mapping) else None
    for choice in choices if isinstance(choices, list) else ():
        message = choice.get("message") if isinstance(choice, Mapping) else None
        if isinstance(message, Mapping) and any(message.get(k) for k in message if k != "role"):
            return True
    return False


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it came from, as far as it is known."""
    found = [error]
    while (cause := found[-1].__cause__) is not None and cause not in found:
        found.append(cause)
    return found


def _host(error: Exception) -> str:
    """Return host and port that were called; the rest of the address may hold a password."""
    try:
        request: Any = error.request  # type: ignore[attr-defined]
        return str(request.url.netloc.decode())
    except (AttributeError, RuntimeError):
        return ""


def _unreadable() -> str:
    return "the endpoint's answer is not one of its protocol"


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
