"""Orders that were sent, and what may still become of one nobody was told of."""

from __future__ import annotations

from collections.abc import Iterator
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


class Sendings:
    """What was sent, as the fold of the rows that were written down."""

    def __init__(self) -> None:
        self.orders: dict[str, Sent] = {}
        self._under: dict[int, list[Sent]] = {}

    def under(self, nonce: int) -> list[Sent]:
        """Return the orders of an action."""
        return self._under.get(nonce, [])

    def apply(self, row: dict[str, Any]) -> None:
        """Take a row.

        Raises:
            ValueError: or KeyError, TypeError, ArithmeticError: it is none.
        """
        if "orders" in row:
            self._note(row)
        elif "unsent" in row:
            for order in self._under.pop(row["unsent"], []):
                del self.orders[order.client_id]
        elif "closed" in row:
            for order in self.under(row["closed"]):
                order.closed = int(row["by"])
        else:
            outcome = outcome_of(row["outcome"])
            known = self.orders.get(outcome.client_id)
            if known is not None:
                known.outcome = outcome

    def _note(self, row: dict[str, Any]) -> None:
        for client_id, symbol in row["orders"]:
            order = Sent(
                client_id=ClientOrderId(client_id),
                symbol=Symbol(symbol),
                nonce=int(row["nonce"]),
                expires=int(row["expires"]),
                signer=str(row["signer"]),
            )
            self.orders[client_id] = order
            self._under.setdefault(order.nonce, []).append(order)


def rows_of(order: Sent) -> Iterator[dict[str, Any]]:
    """Yield the rows an order comes from."""
    yield {
        "nonce": order.nonce,
        "expires": order.expires,
        "signer": order.signer,
        "orders": [[order.client_id, order.symbol]],
    }
    if order.closed is not None:
        yield {"closed": order.nonce, "by": order.closed}
    if order.outcome is not None:
        yield {"outcome": outcome_row(order.outcome)}


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
