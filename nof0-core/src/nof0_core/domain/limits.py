"""What one trader may do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.domain.position import MarginMode
from nof0_core.ids import Symbol

MAJORS = (Symbol("BTC"), Symbol("ETH"))
"""Coins under `major_coin_leverage` where a configuration names no others."""


@attrs.frozen(kw_only=True)
class RiskLimits:
    """The limits of one trader: its `risk_params` over the defaults of executor.yaml.

    Amounts in USD, percentages as numbers (60 = 60 %), slippage in bps. None means no such limit.
    `min_position_equity_multiple` and `max_…` are the value band: notional of one position as a
    multiple of the trader's equity. `slippage_bps` caps what an order may pay beyond the mark;
    `expected_slippage_bps` is what one is expected to pay, for costs in reward/risk and `risk_usd`
    (never more than the cap). `margin_mode` is how entries are backed. `majors` are the coins under
    `major_coin_leverage`; all others are under `altcoin_leverage`.
    """

    major_coin_leverage: int = 20
    altcoin_leverage: int = 10
    majors: frozenset[Symbol] = frozenset(MAJORS)
    min_confidence: float = 75
    min_risk_reward: Decimal = Decimal(3)
    max_positions: int = 4
    max_position_size_usd: Decimal | None = None
    max_margin_usage_pct: Decimal = Decimal(100)
    margin_mode: MarginMode = MarginMode.CROSS
    stop_loss_enabled: bool = True
    take_profit_enabled: bool = True
    slippage_bps: Decimal = Decimal(50)
    expected_slippage_bps: Decimal = Decimal(5)
    taker_fee_bps: Decimal = Decimal("4.5")
    max_new_positions_per_cycle: int | None = None
    price_band_pct: Decimal = Decimal(5)
    max_data_age: timedelta = timedelta(minutes=5)
    liquidity_threshold_usd: Decimal | None = None
    min_position_equity_multiple: Decimal | None = None
    max_position_equity_multiple: Decimal | None = None
    max_entries_per_day: int | None = None
    cooldown_after_close: timedelta | None = None
    daily_loss_limit_pct: Decimal | None = None
    max_drawdown_pct: Decimal | None = None
    sharpe_pause_threshold: float | None = None
    sharpe_pause_duration: timedelta | None = None

    def leverage_cap(self, symbol: Symbol) -> int:
        """Return the highest leverage the trader may use in a coin; the venue's may be lower."""
        return self.major_coin_leverage if symbol in self.majors else self.altcoin_leverage
