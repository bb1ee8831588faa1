"""Positions: the venue's, and a trader's own share of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import attrs

from nof0_core.ids import ClientOrderId, Symbol


class MarginMode(StrEnum):
    """Whether a position is backed by the whole account or by its own margin only."""

    CROSS = "cross"
    ISOLATED = "isolated"


@attrs.frozen(kw_only=True)
class VenuePosition:
    """The net position of the exchange account in one coin; `quantity` is negative when short."""

    symbol: Symbol
    quantity: Decimal
    entry_price: Decimal
    leverage: int
    margin_used: Decimal
    unrealized_pnl: Decimal
    liquidation_price: Decimal | None = None
    margin_mode: MarginMode = MarginMode.CROSS


@attrs.frozen(kw_only=True)
class ExitPlan:
    """When a trader means to get out. Prices in USD; None where the trader has no such exit."""

    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    invalidation_condition: str = ""


class ProtectionMode(StrEnum):
    """Who watches the exits: orders at the venue, the engine, or nobody (exits switched off)."""

    VENUE = "venue"
    ENGINE = "engine"
    NONE = "none"


@attrs.frozen(kw_only=True)
class Holding:
    """A trader's virtual position, valued at `mark`.

    `quantity` is signed, in coins. `margin` is notional at mark / leverage of a cross position, and
    all that backs an isolated one: its margin at entry with what it has gained or lost, not below
    0. `liquidation_price` is what the trader's own account, or the margin of an isolated position,
    could bear with its other positions held constant, None if never. `fees`, `funding` and
    `realized_pnl` (gross) are those of this position since it was opened.
    """

    symbol: Symbol
    quantity: Decimal
    entry_price: Decimal
    mark: Decimal
    leverage: int
    margin: Decimal
    unrealized_pnl: Decimal
    liquidation_price: Decimal | None
    opened_at: datetime
    exit_plan: ExitPlan
    confidence: float
    risk_usd: Decimal
    fees: Decimal
    funding: Decimal
    realized_pnl: Decimal
    entry_order_id: str
    stop_id: ClientOrderId | None = None
    take_profit_id: ClientOrderId | None = None
    stop_order_id: str | None = None
    take_profit_order_id: str | None = None
    protection: ProtectionMode = ProtectionMode.NONE
    margin_mode: MarginMode = MarginMode.CROSS

    @property
    def notional(self) -> Decimal:
        """Return the absolute value at mark, in USD."""
        return abs(self.quantity) * self.mark

    @property
    def is_long(self) -> bool:
        """Return whether the position gains when the price rises."""
        return self.quantity > 0
