"""Identifiers, and how they are derived.

Nothing here is random: the same trader, scheduled time, symbol and leg always give the same
identifiers, so a cycle that runs twice after a crash cannot place two orders.
"""

from __future__ import annotations

import functools
import hashlib
import uuid
from datetime import datetime
from typing import NewType

TraderId = NewType("TraderId", str)
CycleId = NewType("CycleId", str)
Symbol = NewType("Symbol", str)
ClientOrderId = NewType("ClientOrderId", str)
"""128 bits as `0x` and 32 lower-case hex digits, the form Hyperliquid calls `cloid`."""

RESERVE = TraderId("@reserve")
"""Account of the capital that no trader has."""
UNASSIGNED = TraderId("@unassigned")
"""Account for what happened on the exchange account that no trader's order caused."""
ENGINE = TraderId("@engine")
"""Stream of the journal for events that belong to no single trader."""

_ID_LETTERS = 34
"""Length of a client order id: `0x` and 128 bits in hex."""
_NAMESPACE = uuid.UUID("5b5a4f0e-1f7c-5d0b-9a55-6e6f66300001")


def is_shared(trader: TraderId) -> bool:
    """Tell whether an id names no trader but what all share: an account above, or the engine.

    Such ids begin with `@`, which no trader's own may.
    """
    return trader.startswith("@")


def cycle_id(trader: TraderId, scheduled: datetime) -> CycleId:
    """Derive the UUID (version 5) of a decision cycle from trader and scheduled time (UTC)."""
    return CycleId(derived_uuid(trader, scheduled.isoformat()))


def derived_uuid(*parts: str) -> str:
    """Derive a stable UUID (version 5, RFC 9562) from words.

    The same text as `str(uuid.uuid5(…))` at a quarter of its cost: every cycle needs one.
    """
    digest = hashlib.sha1(_NAMESPACE.bytes + "\n".join(parts).encode()).digest()[:16]  # noqa: S324
    number = int.from_bytes(digest)
    number = number & ~(0xF << 76) & ~(0x3 << 62) | (5 << 76) | (2 << 62)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@functools.lru_cache(maxsize=1024)
def trader_tag(trader: TraderId) -> str:
    """Return the 8 hex digits that begin every client order id of a trader (4 bytes)."""
    return hashlib.sha256(trader.encode()).hexdigest()[:8]


def owner_tag(client_id: ClientOrderId) -> str:
    """Return the part of a client order id that says whose it is; see `trader_tag`.

    Ids of another form than `client_order_id` gives are all the same owner's, of an empty tag.
    """
    return client_id[2:10] if len(client_id) == _ID_LETTERS else ""


def client_order_id(trader: TraderId, cycle: CycleId, symbol: Symbol, leg: str) -> ClientOrderId:
    """Derive the client order id of one leg of one cycle: 4 bytes of trader, 12 of the rest.

    `leg` says what the order is for: `open`, or `close`, `stop`, `target`, `flatten` and so on with
    a number (`stop.2`), since one position may need several.
    """
    rest = hashlib.sha256(f"{trader}\n{cycle}\n{symbol}\n{leg}".encode()).hexdigest()[:24]
    return ClientOrderId(f"0x{trader_tag(trader)}{rest}")
