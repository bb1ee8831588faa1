"""The `webhook` exporter: alerts to an address, as JSON or as a chat wants them.

One POST per alert, in order. An address that is away is tried again three times, after that with
the next round of exports, less and less often; nothing is skipped but what says the same as an
alert shortly before. The receiver sees the event's number as `Idempotency-Key`: after a crash the
same alert may come twice.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import attrs

from nof0_core.clock import pause, wall_time
from nof0_core.config.fields import opt
from nof0_core.domain.event import Alerted, Event
from nof0_core.domain.view import View
from nof0_core.errors import ProviderError, RejectedError, TransientError
from nof0_core.exporters.alert_messages import (
    FORMATS,
    JSON,
    TELEGRAM,
    body_of,
    headers_of,
    signed,
)
from nof0_core.exporters.files import prepare_directory, replace_file
from nof0_core.files import read_text
from nof0_core.plugins.env import Env

WAITS = (0.2, 1.0)
"""Seconds of real time after which an address that is away is tried again at once."""
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


def _check_token(text: str) -> None:
    if not (text.isascii() and text.isprintable()):
        message = "must be letters that a header may have"
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class WebhookConfig:
    """Section of the `webhook` exporter."""

    url: str = opt(help="address alerts are sent to", secret=True, check=_check_address)
    timeout: timedelta = opt(
        default=timedelta(seconds=5), gt=timedelta(0), help="longest wait for one answer"
    )
    format: str = opt(default=JSON, one_of=FORMATS, help="who is told, and so what is posted")
    chat_id: str = opt(default="", help="chat that a Telegram bot writes to")
    token: str = opt(
        default="", secret=True, check=_check_token, help="sent as `Authorization: Bearer`"
    )
    secret: str = opt(default="", secret=True, help="key posts are signed with; empty: unsigned")
    repeat_after: timedelta = opt(
        default=timedelta(minutes=5),
        ge=timedelta(0),
        help="an alert in the same words is not sent again for so long, in engine time",
    )
    engine: str = opt(default="", help="name alerts are told under; empty: Name")

    def __attrs_post_init__(self) -> None:
        """Refuse a bot that does not know where to write."""
        if self.format == TELEGRAM and not self.chat_id:
            message = "needs `chat_id`: the chat the bot writes to"
            raise ValueError(message)


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
        self._config = config
        self._timeout = config.timeout.total_seconds()
        self._section = section
        self._bookmark = bookmark
        self._turn = anyio.Lock()
        self._seq = self._read_bookmark()
        self._told: dict[tuple[str | None, ...], datetime] = {}
        # Who hangs in spite of the time limit holds one of these threads, and never more.
        self._threads = anyio.CapacityLimiter(2)

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
                if isinstance(event.body, Alerted) and not self._is_repeated(event, event.body):
                    await self._deliver(event, event.body)
                    self._told[_words_of(event.body)] = event.time
                    self._seq = event.seq
                    await anyio.to_thread.run_sync(self._write_bookmark)
                self._seq = event.seq

    def _is_repeated(self, event: Event, alert: Alerted) -> bool:
        """Tell whether the same words were told a short time before."""
        since = event.time - self._config.repeat_after
        self._told = {words: time for words, time in self._told.items() if time > since}
        return _words_of(alert) in self._told

    async def _deliver(self, event: Event, alert: Alerted) -> None:
        for wait in WAITS:
            try:
                return await self._send(self._request(event, alert))
            except TransientError:
                await pause(wait)
        return await self._send(self._request(event, alert))

    def _request(self, event: Event, alert: Alerted) -> urllib.request.Request:
        config = self._config
        body = body_of(config.format, event, alert, config.engine or "nof0", config.chat_id)
        headers = headers_of(config.format, event, alert, config.token)
        headers |= signed(config.secret, int(wall_time().timestamp()), body)
        return urllib.request.Request(  # noqa: S310 - http and https only, see WebhookConfig
            config.url, data=body, headers=headers, method="POST"
        )

    async def _send(self, request: urllib.request.Request) -> None:
        """Send one request, however slowly its answer comes in."""
        try:
            with anyio.fail_after(2 * self._timeout):
                await anyio.to_thread.run_sync(
                    self._post, request, abandon_on_cancel=True, limiter=self._threads
                )
        except TimeoutError:
            text = f"webhook {self._section} has not answered within {2 * self._timeout:g} s"
            raise TransientError(text, section=self._section) from None

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


def _words_of(alert: Alerted) -> tuple[str | None, ...]:
    return alert.code, alert.trader, alert.symbol, alert.message


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
