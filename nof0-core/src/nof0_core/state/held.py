"""What traders hold, with what the venue has answered and nobody has booked yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, Inexact, localcontext

import attrs

from nof0_core.domain.fill import Fill
from nof0_core.domain.order_record import OrderRecord
from nof0_core.ids import Symbol, TraderId
from nof0_core.ledger.arithmetic import STRICT
from nof0_core.ledger.booking import Owner, book
from nof0_core.ledger.position import Position
from nof0_core.money import ZERO


def with_unbooked(
    positions: Iterable[Position], unbooked: Iterable[OrderRecord]
) -> tuple[Position, ...]:
    """Return positions as they will be once the answered executions of orders are booked.

    Fees of those executions are not known yet and left out. Positions that are gone by then are
    not among the result; the order is that of `positions`, new ones last.
    """
    held: dict[tuple[TraderId, Symbol], Position | None] = {
        (position.trader, position.symbol): position for position in positions
    }
    for record in sorted(unbooked, key=lambda record: record.seq):
        request, key = record.request, (record.trader, record.symbol)
        outcome = record.outcome
        price = outcome.average_price if outcome is not None else None
        fill = Fill(
            trade_id="",
            venue_order_id=(outcome.venue_order_id if outcome is not None else None) or "",
            client_id=record.client_id,
            symbol=record.symbol,
            side=request.side,
            price=price or request.limit_price,
            size=record.unbooked,
            fee=ZERO,
            time=record.intended_at,
        )
        owner = Owner(
            trader=record.trader,
            venue_account=record.venue_account,
            order=record,
            seq=record.seq,
        )
        held[key] = _after(held.get(key), fill, owner, request.limit_price)
    return tuple(position for position in held.values() if position is not None)


def _after(
    held: Position | None, fill: Fill, owner: Owner, limit_price: Decimal
) -> Position | None:
    """Return what is held after an execution; its price is no more than a picture.

    How much is held does not depend on it: where a venue's average has more digits than can be
    reckoned exactly, the limit of the order stands for it. What the statement says is booked.
    """
    with localcontext(STRICT):
        try:
            return book(held, fill, owner).position
        except Inexact:
            return book(held, attrs.evolve(fill, price=limit_price), owner).position
