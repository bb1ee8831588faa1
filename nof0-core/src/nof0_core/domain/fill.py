"""What was traded and what was paid for holding."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.order import Side
from nof0_core.ids import ClientOrderId, Symbol


@attrs.frozen(kw_only=True)
class Fill:
    """One execution.

    `trade_id` is unique within the venue account. `price` in USD per coin, `size` in coins and
    positive, `fee` in USD (negative: a rebate). `is_liquidation` marks executions the venue forced.
    """

    trade_id: str
    venue_order_id: str
    client_id: ClientOrderId | None
    symbol: Symbol
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    time: datetime
    is_taker: bool = True
    is_liquidation: bool = False

    @property
    def quantity(self) -> Decimal:
        """Return the change of the position in coins."""
        return self.size if self.side is Side.BUY else -self.size


@attrs.frozen(kw_only=True)
class FundingPayment:
    """One funding settlement of the venue account on one coin.

    `quantity` is the signed position it was paid on, `rate` the fraction of notional, `amount` what
    the account got in USD (negative: paid): -quantity x oracle x rate.
    """

    symbol: Symbol
    time: datetime
    quantity: Decimal
    rate: Decimal
    amount: Decimal
