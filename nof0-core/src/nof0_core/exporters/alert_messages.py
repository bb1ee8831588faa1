"""An alert as each receiver wants to be told: what is posted, and with which headers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from nof0_core.documents.wire import encode
from nof0_core.domain.event import Alerted, Event

JSON, TELEGRAM, DISCORD, SLACK, NTFY = FORMATS = ("json", "telegram", "discord", "slack", "ntfy")
"""Words of `format` in a section."""
_LONGEST: Mapping[str, int] = {TELEGRAM: 4096, DISCORD: 2000, SLACK: 4000, NTFY: 4096}
"""Letters a receiver takes, of ntfy bytes; what is longer would be refused, and for ever."""

SIGNATURE, TIMESTAMP = "Nof0-Signature", "Nof0-Timestamp"

Json = dict[str, Any]


def alert_json(event: Event, alert: Alerted, engine: str) -> Json:
    """Write one alert: `seq`, `time` (ISO 8601, UTC), `code`, `message`, `trader`, `symbol`.

    `engine` says whose it is.
    """
    return {
        "engine": engine,
        "seq": event.seq,
        "time": event.time.isoformat(),
        "code": alert.code,
        "message": alert.message,
        "trader": alert.trader,
        "symbol": alert.symbol,
    }


def alert_text(event: Event, alert: Alerted, engine: str) -> str:
    """Write one alert for people: engine and code, whom it concerns, the sentence, the time."""
    whom = " ".join(word for word in (alert.trader, alert.symbol) if word)
    head = f"{engine}: {alert.code}" + (f" ({whom})" if whom else "")
    return f"{head}\n{alert.message}\n{event.time:%Y-%m-%d %H:%M:%S} UTC"


def body_of(form: str, event: Event, alert: Alerted, engine: str, chat: str) -> bytes:
    """Write what is posted; `chat` is the chat of a Telegram bot."""
    if form == JSON:
        return encode(alert_json(event, alert, engine))
    text = alert_text(event, alert, engine)
    if form == SLACK:
        # Its own marks would be links and mentions; each letter may become five.
        text = _cut(text, _LONGEST[form] // 5)
        for letter, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = text.replace(letter, name)
    if form == NTFY:
        return text.encode(errors="replace")[: _LONGEST[form]].decode(errors="ignore").encode()
    text = _cut(text, _LONGEST[form])
    bodies: Mapping[str, Json] = {
        TELEGRAM: {"chat_id": chat, "text": text, "disable_web_page_preview": True},
        DISCORD: {"content": text, "allowed_mentions": {"parse": []}},
        SLACK: {"text": text},
    }
    return encode(bodies[form])


def headers_of(form: str, event: Event, alert: Alerted, token: str) -> dict[str, str]:
    """Return the headers that belong to it; what repeats the same alert has the same key."""
    kind = "text/plain; charset=utf-8" if form == NTFY else "application/json"
    found = {"Content-Type": kind, "Idempotency-Key": str(event.seq)}
    if form == NTFY:
        found |= {"Title": f"nof0 {alert.code}", "Tags": "warning"}
    if token:
        found["Authorization"] = f"Bearer {token}"
    return found


def signed(secret: str, time: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows who wrote it, and when.

    The signature is `sha256=` and the HMAC-SHA256 (hex) of the timestamp (seconds since 1970), a
    dot and the body; whoever has no secret adds none.
    """
    if not secret:
        return {}
    made = hmac.new(secret.encode(), b"%d.%b" % (time, body), hashlib.sha256).hexdigest()
    return {TIMESTAMP: str(time), SIGNATURE: f"sha256={made}"}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
