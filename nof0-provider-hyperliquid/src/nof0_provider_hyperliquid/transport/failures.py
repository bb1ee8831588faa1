"""What the SDK and the libraries below it raise, in nof0's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

import requests
import urllib3
from hyperliquid.utils.error import ClientError, ServerError

from nof0_core.errors import DataError, ProviderError, TransientError

_PASSING = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
_UNPARSED = "Could not parse JSON: "
_SHOWN = 120
LONGEST_PAUSE = 60.0


class RateLimitedError(TransientError):
    """The venue found too many requests of this IP address."""


def failure(error: Exception) -> ProviderError:
    """Return what is raised for an exception of a request that only reads."""
    if isinstance(error, ClientError):
        return _refused(error)
    if isinstance(error, ServerError):
        return TransientError(f"HTTP {error.status_code} from the venue{_shown(error.message)}")
    if isinstance(error, KeyError | AttributeError | TypeError):
        # What the SDK makes of an answer of 4xx whose body has another form than it expects.
        return DataError("the venue refused the request and did not say why")
    if isinstance(error, requests.TooManyRedirects):
        return _redirected(error)
    return TransientError(_in_words(error))


def unreadable(answer: object) -> TransientError | None:
    """Return what is raised for an answer of 200 that was no JSON; the SDK returns it."""
    if isinstance(answer, dict) and set(answer) == {"error"}:
        text = str(answer["error"])
        if text.startswith(_UNPARSED):
            return TransientError(
                f"the answer is no JSON (cut off, or not the venue's)"
                f"{_shown(text.removeprefix(_UNPARSED))}"
            )
    return None


def _refused(error: ClientError) -> ProviderError:
    status = error.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimitedError(
            "HTTP 429: too many requests from this IP address", retry_after=_asked_pause(error)
        )
    text = f"HTTP {status}{_shown(error.error_message)}"
    if status in _PASSING:
        return TransientError(text)
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return DataError(text, hints=("the proxy wants a name and password: see HTTPS_PROXY",))
    if status == HTTPStatus.FORBIDDEN:
        return DataError(
            text, hints=("the venue, or a proxy before it, refuses this IP address or country",)
        )
    return DataError(f"the venue refused the request: {text}")


def _asked_pause(error: ClientError) -> timedelta | None:
    # Where a body has another form than the SDK expects, headers are in `error_data`.
    for headers in (error.header, error.error_data):
        if isinstance(headers, Mapping):
            seconds = str(headers.get("Retry-After", ""))
            if seconds.isascii() and seconds.isdigit():
                return timedelta(seconds=min(float(seconds), LONGEST_PAUSE))
    return None


def _redirected(error: requests.TooManyRedirects) -> DataError:
    where = error.response.headers.get("Location", "") if error.response is not None else ""
    return DataError(
        f"the address redirects elsewhere{_shown(where)}, which is not followed",
        hints=("set base_url to where the venue is",),
    )


def _in_words(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not answer, or does not let the request through"
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate of the address is not trusted"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.exceptions.Timeout | urllib3.exceptions.TimeoutError):
        return "no whole answer in time"
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return "the answer broke off"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection, or it was closed before the answer"
    return f"the request failed: {type(error).__name__}"


def _shown(text: object) -> str:
    line = " ".join(str(text or "").split())
    if not line or line == "null":
        return ""
    return f": {line[:_SHOWN]}…" if len(line) > _SHOWN else f": {line}"
