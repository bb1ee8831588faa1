"""A trader's position in one coin, as the ledger keeps it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from nof0_core.domain.position import ExitPlan, MarginMode, ProtectionMode
from nof0_core.ids import ClientOrderId, CycleId, Symbol, TraderId
from nof0_core.ledger.arithmetic import PRICE_STEP, quotient
from nof0_core.money import ZERO


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What a trader holds of one coin; never of size 0. Changed often: `msgspec.structs.replace`.

    `quantity` is signed, in coins. `cost` is exact: the sum of signed size x price of what is still
    held, in USD (negative for a short). `fees`, `funding` and `realized_pnl` (gross) are those
    since the position was opened; `entry_fees` and `open_funding` the part of them that no closed
    trade has taken yet.

    `kept_margin` (USD) is what forced reductions left in an isolated position beyond the margin of
    what it still holds; negative where they took more.

    `leverage`, `margin_mode`, `confidence`, `risk_usd`, `plan`, `cycle` come from the opening order
    `opened_by` (None, and neutral values, for what no trader ordered). `opened_at`,
    `entry_trade_id` and `entry_order_id` are the first fill's. `opened_seq` numbers the event with
    which the position was intended. `stop_id` and `take_profit_id` are the newest exit orders that
    may still be alive at the venue, their venue ids are None until the venue has answered.
    `protection` says who watches the exits, `protected_at` since when (None while nobody was told).
    """

    trader: TraderId
    venue_account: str
    symbol: Symbol
    quantity: Decimal
    cost: Decimal
    leverage: int
    confidence: float
    risk_usd: Decimal
    plan: ExitPlan
    cycle: CycleId
    opened_by: ClientOrderId | None
    opened_seq: int
    opened_at: datetime
    entry_trade_id: str
    entry_order_id: str
    is_taker: bool
    fees: Decimal
    entry_fees: Decimal
    funding: Decimal = ZERO
    open_funding: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    protection: ProtectionMode = ProtectionMode.NONE
    protected_at: datetime | None = None
    margin_mode: MarginMode = MarginMode.CROSS
    kept_margin: Decimal = ZERO
    stop_id: ClientOrderId | None = None
    take_profit_id: ClientOrderId | None = None
    stop_order_id: str | None = None
    take_profit_order_id: str | None = None

    @property
    def entry_price(self) -> Decimal:
        """Return the average in USD, rounded to 10 decimals if it has more."""
        return quotient(self.cost, self.quantity, PRICE_STEP)

    @property
    def is_long(self) -> bool:
        """Return whether the position gains when the price rises."""
        return self.quantity > 0
