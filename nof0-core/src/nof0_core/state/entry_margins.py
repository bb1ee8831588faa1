"""What orders under way will take as margin."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal, localcontext

from nof0_core.domain.margin import initial_margin
from nof0_core.domain.order import OrderPurpose
from nof0_core.ids import ClientOrderId, TraderId
from nof0_core.money import EXACT, ZERO
from nof0_core.state.order_register import OrderRegister


def entry_margins(
    orders: OrderRegister, venue_account: str, but: Collection[ClientOrderId | None] = ()
) -> dict[TraderId, Decimal]:
    """Return what entries that are under way take of each trader as margin, in USD.

    That is for coins that are still to be filled, or are and not booked yet. The orders `but` are
    left out.
    """
    taken: dict[TraderId, Decimal] = {}
    with localcontext(EXACT):
        under_way = {
            record.client_id: record
            for record in (*orders.open_in(venue_account), *orders.unbooked_in(venue_account))
            if record.purpose is OrderPurpose.OPEN and record.client_id not in but
        }
        for record in under_way.values():
            size = record.unbooked
            if record.is_open:
                size = record.request.size - record.filled
            worth = max(ZERO, size) * record.request.limit_price
            margin = initial_margin(worth, record.leverage)
            taken[record.trader] = taken.get(record.trader, ZERO) + margin
    return taken
