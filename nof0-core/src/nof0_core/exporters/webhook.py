"""The `webhook` exporter: alerts as JSON to an address.

One POST per alert, in order. An address that is away is tried again three times, after that with
the next round of exports; nothing is skipped. The receiver sees the event's number as
`Idempotency-Key`: after a crash the same alert may come twice.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import attrs

from nof0_core.config.fields import opt
from nof0_core.documents.wire import encode
from nof0_core.domain.event import Alerted, Event
from nof0_core.domain.view import View
from nof0_core.errors import ProviderError, RejectedError, TransientError
from nof0_core.exporters.files import prepare_directory, replace_file
from nof0_core.files import read_text
from nof0_core.plugins.env import Env

ATTEMPTS = 3
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


def _check_address(text: str) -> None:
    """Accept http and https only; the address may hold a token, so no message shows it."""
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # what stands for the port or the host is none
        is_address = False
    if not (is_address and text.isascii() and text.isprintable() and " " not in text):
        message = "must be an address that begins with https:// or http://"
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class WebhookConfig:
    """Section of the `webhook` exporter."""

    url: str = opt(help="address alerts are sent to", secret=True, check=_check_address)
    timeout: timedelta = opt(
        default=timedelta(seconds=5), gt=timedelta(0), help="longest wait for one answer"
    )


@asynccontextmanager
async def open_webhook(config: WebhookConfig, env: Env) -> AsyncIterator[WebhookExporter]:
    """Open the exporter; it goes on after the last alert that was delivered.

    Raises:
        ProviderError: its data directory cannot be used, or what is in it is not a number.
    """
    prepare_directory(env.data_dir, section=env.section)
    bookmark = env.data_dir / "delivered"
    yield WebhookExporter(config, section=env.section, bookmark=bookmark)


class WebhookExporter:
    """Sends alerts; what was delivered stands in the file `bookmark`."""

    def __init__(self, config: WebhookConfig, *, section: str, bookmark: Path) -> None:
        self._url = config.url
        self._timeout = config.timeout.total_seconds()
        self._section = section
        self._bookmark = bookmark
        self._turn = anyio.Lock()
        self._seq = self._read_bookmark()

    async def cursor(self) -> int:
        """Return the last event that needs no more attention."""
        return self._seq

    async def export(self, events: Sequence[Event], view: View) -> None:  # noqa: ARG002 - protocol
        """Deliver the alerts among the events, oldest first.

        Raises:
            TransientError: the address is away; alerts before the failed one count as delivered.
            RejectedError: it refuses; the address in the configuration needs attention.
        """
        async with self._turn:
            for event in events:
                if event.seq <= self._seq:
                    continue
                if isinstance(event.body, Alerted):
                    await self._deliver(event, event.body)
                    self._seq = event.seq
                    await anyio.to_thread.run_sync(self._write_bookmark)
                self._seq = event.seq

    async def _deliver(self, event: Event, alert: Alerted) -> None:
        import stamina

        request = urllib.request.Request(  # noqa: S310 - http and https only, see WebhookConfig
            self._url,
            data=encode(alert_json(event, alert)),
            headers={"Content-Type": "application/json", "Idempotency-Key": str(event.seq)},
            method="POST",
        )
        async for attempt in stamina.retry_context(
            on=TransientError, attempts=ATTEMPTS, timeout=None, wait_initial=0.1, wait_max=2.0
        ):
            with attempt:
                await anyio.to_thread.run_sync(self._post, request, abandon_on_cancel=True)

    def _post(self, request: urllib.request.Request) -> None:
        """Send one request; messages never contain the address."""
        try:
            with _OPENER.open(request, timeout=self._timeout):
                return
        except urllib.error.HTTPError as error:
            error.close()
            code = error.code
            text = f"webhook {self._section} answered HTTP {code}"
            if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _PASSING:
                raise TransientError(text, section=self._section) from None
            raise RejectedError(text, section=self._section) from None
        except (OSError, http.client.HTTPException) as error:
            reason = type(getattr(error, "reason", error)).__name__
            text = f"webhook {self._section} cannot be reached ({reason})"
            raise TransientError(text, section=self._section) from None

    def _read_bookmark(self) -> int:
        try:
            return int(read_text(self._bookmark))
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as error:
            message = f"cannot read {self._bookmark}: {error}; remove it to send all alerts again"
            raise ProviderError(message, section=self._section) from error

    def _write_bookmark(self) -> None:
        replace_file(self._bookmark, str(self._seq).encode(), section=self._section)


def alert_json(event: Event, alert: Alerted) -> dict[str, object]:
    """Write one alert: `seq`, `time` (ISO 8601, UTC), `code`, `message`, `trader`, `symbol`."""
    return {
        "seq": event.seq,
        "time": event.time.isoformat(),
        "code": alert.code,
        "message": alert.message,
        "trader": alert.trader,
        "symbol": alert.symbol,
    }


def _opener() -> urllib.request.OpenerDirector:
    """Make an opener that speaks HTTP only and follows no redirects: a POST must not wander."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER = _opener()
