"""Identifiers, and how they are derived.

Nothing here is random: the same trader, scheduled time, symbol and leg always give the same
identifiers, so a cycle that runs twice after a crash cannot place two orders.
"""

from __future__ import annotations

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

_NAMESPACE = uuid.UUID("5b5a4f0e-1f7c-5d0b-9a55-6e6f66300001")


def cycle_id(trader: TraderId, scheduled: datetime) -> CycleId:
    """Derive the UUID (version 5) of a decision cycle from trader and scheduled time (UTC)."""
    return CycleId(str(uuid.uuid5(_NAMESPACE, f"{trader}\n{scheduled.isoformat()}")))


def derived_uuid(*parts: str) -> str:
    """Derive a stable UUID (version 5) from words."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join(parts)))


def trader_tag(trader: TraderId) -> str:
    """Return the 8 hex digits that begin every client order id of a trader (4 bytes)."""
    return hashlib.sha256(trader.encode()).hexdigest()[:8]


def client_order_id(trader: TraderId, cycle: CycleId, symbol: Symbol, leg: str) -> ClientOrderId:
    """Derive the client order id of one leg of one cycle: 4 bytes of trader, 12 of the rest.

    `leg` says what the order is for: `open`, `close`, `stop`, `target`, `flatten`, with a counter
    (`stop.2`) where one cycle needs several.
    """
    rest = hashlib.sha256(f"{trader}\n{cycle}\n{symbol}\n{leg}".encode()).hexdigest()[:24]
    return ClientOrderId(f"0x{trader_tag(trader)}{rest}")
