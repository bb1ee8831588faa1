"""A closed trade: one entry and the exit of all or part of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.position import ExitPlan
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.ids import Symbol, TraderId


@attrs.frozen(kw_only=True)
class TradeLeg:
    """Entry or exit of a trade; the ids are those of its first fill, `fee` is in USD."""

    price: Decimal
    time: datetime
    trade_id: str
    venue_order_id: str
    is_taker: bool
    fee: Decimal
    is_liquidation: bool = False


@attrs.frozen(kw_only=True)
class ClosedTrade:
    """Part or all of a position that was closed.

    `quantity` is signed (negative: a short). `gross_pnl` = (exit - entry) x quantity; `funding` is
    this part's share (negative: paid); `net_pnl` = `gross_pnl` - both fees + `funding`. `reason`
    says what closed it.
    """

    trader: TraderId
    symbol: Symbol
    quantity: Decimal
    leverage: int
    confidence: float
    exit_plan: ExitPlan
    entry: TradeLeg
    exit: TradeLeg
    gross_pnl: Decimal
    funding: Decimal
    net_pnl: Decimal
    reason: ExitReason

    @property
    def is_long(self) -> bool:
        """Return whether it was a long."""
        return self.quantity > 0

    @property
    def fees(self) -> Decimal:
        """Return the fees of entry and exit, in USD."""
        return self.entry.fee + self.exit.fee
