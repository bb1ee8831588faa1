"""An order from its intent on, with what is known of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import ExitPlan, MarginMode
from nof0_core.ids import ClientOrderId, CycleId, Symbol, TraderId
from nof0_core.money import ZERO

EXITS = frozenset({OrderPurpose.STOP, OrderPurpose.TARGET})
"""Purposes of orders that wait to close a position."""


@attrs.frozen(kw_only=True)
class OrderRecord:
    """An intended order. `outcome` is the newest answer, None while there was none.

    `filled` is what the ledger has booked for it, in coins: it may run behind `outcome` until the
    fills are read. `seq` and `intended_at` (UTC) are those of the event that announced it.
    """

    trader: TraderId
    venue_account: str
    cycle: CycleId
    purpose: OrderPurpose
    request: OrderRequest
    leverage: int
    confidence: float
    risk_usd: Decimal
    plan: ExitPlan
    margin_mode: MarginMode
    intended_at: datetime
    seq: int
    outcome: OrderOutcome | None = None
    filled: Decimal = ZERO

    @property
    def client_id(self) -> ClientOrderId:
        """Return the order's own id."""
        return self.request.client_id

    @property
    def symbol(self) -> Symbol:
        """Return the coin."""
        return self.request.symbol

    @property
    def is_open(self) -> bool:
        """Return whether the venue has not said yet that nothing more can happen to it."""
        return self.outcome is None or not self.outcome.status.is_final

    @property
    def unbooked(self) -> Decimal:
        """Return the executed coins the venue has answered that the ledger has not booked yet."""
        return ZERO if self.outcome is None else max(ZERO, self.outcome.filled_size - self.filled)

    @property
    def is_unknown(self) -> bool:
        """Return whether nobody can say whether it is at the venue."""
        return self.outcome is None or self.outcome.status is OrderStatus.UNKNOWN

    @property
    def is_exit(self) -> bool:
        """Return whether it is a stop or target."""
        return self.purpose in EXITS
