"""Entries under way: what they may still add, and what that takes as margin."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal, localcontext

from nof0_core.domain.margin import initial_margin
from nof0_core.domain.order import OrderPurpose, Side
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.venue_view import OpenEntry
from nof0_core.ids import ClientOrderId, TraderId
from nof0_core.money import EXACT, ZERO


def open_entries(
    records: Iterable[OrderRecord], but: Collection[ClientOrderId | None] = ()
) -> list[tuple[TraderId, OpenEntry]]:
    """Return whose entries are under way, in the order of `records`.

    Coins count that are still to be filled, or are and not booked yet.

    Args:
        records: orders without a final answer, and those of which more was answered than booked;
            one that is both counts once.
        but: orders that are left out.
    """
    under_way = {
        record.client_id: record
        for record in records
        if record.purpose is OrderPurpose.OPEN and record.client_id not in but
    }
    with localcontext(EXACT):
        return [(record.trader, _entry(record)) for record in under_way.values()]


def _entry(record: OrderRecord) -> OpenEntry:
    request = record.request
    size = max(ZERO, request.size - record.filled if record.is_open else record.unbooked)
    worth: Decimal = size * request.limit_price
    return OpenEntry(
        symbol=record.symbol,
        quantity=size if request.side is Side.BUY else -size,
        size_usd=worth,
        leverage=record.leverage,
        margin=initial_margin(worth, record.leverage),
    )
