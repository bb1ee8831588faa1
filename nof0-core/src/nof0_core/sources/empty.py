"""The documents there are, and what is read of them before anything was exported."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nof0_core.sources.document import Document, Stretch

SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""What the exporter allows in a file name."""

EMPTY: Mapping[str, tuple[str, bytes, dict[str, bytes]]] = {
    "account-totals": ("accountTotals", b"[]", {"lastHourlyMarkerRead": b"0"}),
    "analytics": ("analytics", b"[]", {}),
    "crypto-prices": ("prices", b"{}", {}),
    "leaderboard": ("leaderboard", b"[]", {}),
    "since-inception-values": ("sinceInceptionValues", b"[]", {}),
    "trades": ("trades", b"[]", {}),
    "positions": ("accountTotals", b"[]", {}),
    "conversations": ("conversations", b"[]", {}),
    "candles": ("candles", b"[]", {}),
    "status": (
        "engine",
        b"null",
        {"traders": b"[]", "services": b"[]", "alerts": b"[]", "exporters": b"{}"},
    ),
}
"""Name of each file with its collection, and what stands for one that was never written."""


def key_of(name: str) -> str:
    """Return what the collection of a document is called; those of single models are analytics."""
    return EMPTY[name if name in EMPTY else "analytics"][0]


def blank(name: str) -> Document:
    """Return what is read of a document that was never written."""
    key, data, more = EMPTY[name]
    return Document(
        key=key, stretches=(Stretch(data),), members=more, version="empty", made_at=None
    )
