"""The section of the `redis` exporter."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import attrs

from nof0_core.config.fields import opt

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@]+):([0-9]{1,5})")


def check_host(text: str) -> None:
    """Accept host:port; an address with a scheme may hold a password, so no message shows it."""
    found = _HOST.fullmatch(text)
    if text and not (found and 0 < int(found[2]) < 1 << 16):
        message = "must be host:port, such as 127.0.0.1:6379, without redis:// and password"
        raise ValueError(message)


def check_prefix(text: str) -> None:
    """Accept what a key can be told by."""
    if not text.isprintable() or any(letter in text for letter in "{} *?"):
        message = "must be letters without spaces, {, }, * and ?"
        raise ValueError(message)


@attrs.frozen(kw_only=True)
class RedisConfig:
    """Section of the `redis` exporter; what it leaves out is that of `Cache`, `TTL`, `Logging`."""

    host: str = opt(
        default="", check=check_host, help="host:port of the server; empty: that of Cache"
    )
    password: str = opt(default="", secret=True, help="password; empty: none")
    tls: bool = opt(default=False, help="connect with TLS")
    prefix: str = opt(
        default="", check=check_prefix, help="put before each key, as it is: `arena:`"
    )
    timeout: timedelta = opt(
        default=timedelta(seconds=5), gt=timedelta(0), help="longest wait for one operation"
    )
    slow_threshold: int = opt(
        default=5_000, unit="ms", ge=0, help="from when on an operation is logged as slow"
    )
    short: int = opt(default=10, unit="s", ge=0, help="how long prices live, at least")
    medium: int = opt(default=60, unit="s", ge=0, help="how long accounts and lists live, at least")
    long: int = opt(default=300, unit="s", ge=0, help="how long aggregates live, at least")
    documents: Path | None = opt(
        default=None, help="directory of the API's files; empty: that of the `json` exporter"
    )
    largest_document: int = opt(
        default=4, unit="MB", ge=1, le=500, help="a document that is larger is left out"
    )
