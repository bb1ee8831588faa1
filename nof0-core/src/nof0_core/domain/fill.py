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

    `fill_id` is unique within the venue account. `price` in USD per coin, `size` in coins and
    positive, `fee` in USD (negative: a rebate). `is_liquidation` marks executions the venue forced.
    """

    fill_id: int
    venue_id: int
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
    def signed_size(self) -> Decimal:
        """Return the change of the position in coins."""
        return self.size if self.side is Side.BUY else -self.size


@attrs.frozen(kw_only=True)
class FundingPayment:
    """One funding settlement of the venue account on one coin.

    `size` is the signed position it was paid on, `rate` the fraction of notional, `amount` what the
    account got in USD (negative: paid): -size x oracle x rate.
    """

    symbol: Symbol
    time: datetime
    size: Decimal
    rate: Decimal
    amount: Decimal
