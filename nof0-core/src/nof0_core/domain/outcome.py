"""What a venue says of orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus, Side, Trigger
from nof0_core.ids import ClientOrderId, Symbol


@attrs.frozen(kw_only=True)
class OrderOutcome:
    """What the venue answered to one order. `reason` has its wording when it refused.

    `fills` are the executions the answer itself tells, with fee and trade id, oldest first; it is
    empty where the venue does not tell them, and `ExchangeProvider.fills` is asked. A simulated
    venue always tells them. The journal keeps fills as records of their own, not in here.
    """

    client_id: ClientOrderId
    status: OrderStatus
    venue_order_id: str | None = None
    filled_size: Decimal = Decimal(0)
    average_price: Decimal | None = None
    reason: str = ""
    fills: tuple[Fill, ...] = ()


@attrs.frozen(kw_only=True)
class VenueOrder:
    """An order as the venue knows it; `client_id` is None for orders nof0 did not make."""

    client_id: ClientOrderId | None
    venue_order_id: str
    symbol: Symbol
    side: Side
    size: Decimal
    filled_size: Decimal
    limit_price: Decimal
    status: OrderStatus
    time: datetime
    average_price: Decimal | None = None
    is_reduce_only: bool = False
    trigger: Trigger | None = None
    reason: str = ""

    def outcome(self, client_id: ClientOrderId, fills: tuple[Fill, ...] = ()) -> OrderOutcome:
        """Read the order as the answer to having placed it, with the `fills` that are known."""
        return OrderOutcome(
            client_id=client_id,
            status=self.status,
            venue_order_id=self.venue_order_id,
            filled_size=self.filled_size,
            average_price=self.average_price,
            reason=self.reason,
            fills=fills,
        )


@attrs.frozen(kw_only=True)
class VenueUpdate:
    """A hint that something happened on the account at `time` (UTC); None: not said of what."""

    time: datetime
    symbol: Symbol | None = None
    client_id: ClientOrderId | None = None
