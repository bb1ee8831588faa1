"""Orders that were sent, and what may still become of one nobody was told of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from nof0_core.domain.order import OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.ids import ClientOrderId, Symbol


@attrs.define(kw_only=True, eq=False)
class Sent:
    """One order under the nonce of its action, which all orders of the action share.

    `expires` is when the venue stops taking it, in milliseconds. `closed` is the venue's time, in
    milliseconds, by which the nonce was used up, None while it may be open. `outcome` is the first
    plain answer.
    """

    client_id: ClientOrderId
    symbol: Symbol
    nonce: int
    expires: int
    signer: str
    closed: int | None = None
    outcome: OrderOutcome | None = None


def outcome_row(outcome: OrderOutcome) -> dict[str, Any]:
    """Return an outcome as it is written down."""
    average = outcome.average_price
    return {
        "id": outcome.client_id,
        "status": outcome.status.value,
        "oid": outcome.venue_order_id,
        "filled": str(outcome.filled_size),
        "average": None if average is None else str(average),
        "reason": outcome.reason,
    }


def outcome_of(row: dict[str, Any]) -> OrderOutcome:
    """Read an outcome that was written down.

    Raises:
        ValueError: or KeyError, TypeError, ArithmeticError: it is none.
    """
    average = row["average"]
    return OrderOutcome(
        client_id=ClientOrderId(row["id"]),
        status=OrderStatus(row["status"]),
        venue_order_id=row["oid"],
        filled_size=Decimal(row["filled"]),
        average_price=None if average is None else Decimal(average),
        reason=row["reason"],
    )
