"""What orders under way will take as margin."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from nof0_core.ids import ClientOrderId, TraderId
from nof0_core.money import EXACT, ZERO
from nof0_core.state.open_entries import open_entries
from nof0_core.state.order_register import OrderRegister


def entry_margins(
    orders: OrderRegister, venue_account: str, but: Collection[ClientOrderId | None] = ()
) -> dict[TraderId, Decimal]:
    """Return what entries that are under way take of each trader as margin, in USD.

    That is for coins that are still to be filled, or are and not booked yet. The orders `but` are
    left out.
    """
    taken: dict[TraderId, Decimal] = {}
    records = (*orders.open_in(venue_account), *orders.unbooked_in(venue_account))
    for trader, entry in open_entries(records, but):
        taken[trader] = EXACT.add(taken.get(trader, ZERO), entry.margin)
    return taken
