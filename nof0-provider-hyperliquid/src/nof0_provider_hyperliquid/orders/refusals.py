"""What may be concluded where an action was not plainly answered.

Only what shows that the venue did nothing counts as not sent or refused. Everything else may have
been carried out: it is never sent again, and the order's fate has to be proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from nof0_core.errors import OutcomeUnknownError, ProviderError, RejectedError, TransientError
from nof0_provider_hyperliquid.transport.failures import RateLimitedError

DUPLICATE_NONCE = "duplicate nonce"
"""What the venue says of a nonce that was used (ccxt issue 30348)."""
LOW_NONCE = "nonce too low"
"""What it says of one below all that it keeps: it can never be used any more."""
_SPENT = ("Too many cumulative requests", "Too many user actions")
_SPENT_PAUSE = timedelta(seconds=10)
"""One action of an address whose budget is used up is let through in so long."""
_STRANGERS = ("does not exist", "Must deposit", "Vault not registered", "Unable to recover signer")
_UNDECIDED = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, 499})
"""Statuses below 500 that do not say whether anything was done."""
_SHOWN = 200


class BudgetSpentError(TransientError):
    """The address has no actions left for now; nothing was done."""


class StrangerError(RejectedError):
    """The venue does not let this key act for this account."""


def of_exception(error: Exception) -> ProviderError:
    """Return what is raised for an exception of a request that was being sent."""
    if isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error):
        return TransientError("no connection to the venue: nothing was sent")
    if isinstance(error, requests.exceptions.Timeout):
        return OutcomeUnknownError("no whole answer in time")
    if isinstance(error, requests.exceptions.ConnectionError):
        return OutcomeUnknownError("the connection broke before the answer")
    return OutcomeUnknownError(f"the request failed: {type(error).__name__}")


def of_status(status: int, text: str, headers: Mapping[str, str]) -> ProviderError:
    """Return what is raised for an answer whose HTTP status is not 200."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        asked = headers.get("Retry-After", "")
        pause = timedelta(seconds=min(int(asked), 60)) if asked.isdecimal() else None
        return RateLimitedError(
            "HTTP 429: too many requests from this IP address; nothing was done",
            retry_after=pause,
        )
    said = f"HTTP {status}{_line(text)}"
    is_refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if is_refused and status not in _UNDECIDED:
        return RejectedError(f"the venue refused the request: {said}")
    return OutcomeUnknownError(said)


def of_text(text: object) -> ProviderError:
    """Return what is raised for an answer that refuses an action as a whole."""
    said = str(text)
    if DUPLICATE_NONCE in said:
        # Somebody used it: another process with this key, or a copy of this very request.
        return OutcomeUnknownError(said)
    if said.startswith(_SPENT):
        return BudgetSpentError(said, retry_after=_SPENT_PAUSE)
    if any(words in said for words in _STRANGERS):
        return StrangerError(said)
    return RejectedError(said)


def _never_connected(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(error, requests.exceptions.ProxyError):
        return False
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _line(text: str) -> str:
    line = " ".join(text.split())
    return f": {line[:_SHOWN]}" if line and line != "null" else ""
