"""Two workers for what is signed: what protects never waits for an entry."""

from __future__ import annotations

from enum import Enum

from nof0_provider_hyperliquid.transport.windows import Priority


class Lane(Enum):
    """What an action is for.

    ENTRIES: orders that may grow a position, and leverage. PROTECTION: closes, stops and cancels.
    PROOF: showing what became of an order, which may wait long and holds nobody up.
    """

    ENTRIES = "entries"
    PROTECTION = "protection"
    PROOF = "proof"

    @property
    def priority(self) -> Priority:
        """Return who goes first where the network's budget is short."""
        return Priority.ORDERS if self is Lane.ENTRIES else Priority.PROTECTION
