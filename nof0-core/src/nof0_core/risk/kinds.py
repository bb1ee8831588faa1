"""The built-in checks as kinds, so that they can be listed and described like any plugin's."""

from __future__ import annotations

from typing import Any

import attrs

from nof0_core.plugins.kinds import PolicyKind
from nof0_core.protocols.risk import RiskCheck
from nof0_core.risk.checks.brakes import (
    Cooldown,
    DailyLoss,
    EntryRate,
    Halt,
    MaxDrawdown,
    Paused,
    SharpePause,
)
from nof0_core.risk.checks.exits import Exits, RewardRisk
from nof0_core.risk.checks.exposure import (
    Confidence,
    Equity,
    NewPositions,
    OnePosition,
    PositionCount,
)
from nof0_core.risk.checks.margin import Leverage, Liquidation, Margin
from nof0_core.risk.checks.market import Liquidity, MarketData, PriceBand
from nof0_core.risk.checks.schema import Schema
from nof0_core.risk.checks.size import MinimumOrder, PositionSize, ValueBand


@attrs.frozen(kw_only=True)
class BuiltinCheckConfig:
    """Nothing to set here: built-in checks always run and take their numbers from `risk_params`."""


def _kind(check: type[Any], summary: str) -> PolicyKind[BuiltinCheckConfig, RiskCheck]:
    return PolicyKind(
        type=check.type,
        config=BuiltinCheckConfig,
        build=lambda _: check(),
        summary=f"{summary} (always on)",
    )


RISK_CHECKS: tuple[PolicyKind[BuiltinCheckConfig, RiskCheck], ...] = (
    _kind(Schema, "numbers complete, finite, in range; symbol allowed"),
    _kind(Equity, "equity above 0"),
    _kind(OnePosition, "one position per coin; only what is held is closed"),
    _kind(MarketData, "trading rules and fresh prices"),
    _kind(Exits, "stop and target present and on the right sides"),
    _kind(Halt, "no entries while `nof0 halt` is in force"),
    _kind(Paused, "no entries of a paused trader"),
    _kind(DailyLoss, "day's loss below daily_loss_limit_pct"),
    _kind(MaxDrawdown, "fall from the peak below max_drawdown_pct"),
    _kind(SharpePause, "no entries for sharpe_pause_duration after a poor Sharpe ratio"),
    _kind(Cooldown, "cooldown_after_close over since the coin was closed"),
    _kind(EntryRate, "at most max_entries_per_day"),
    _kind(Confidence, "confidence at least min_confidence"),
    _kind(PriceBand, "entry price within price_band_pct of the mark"),
    _kind(RewardRisk, "reward/risk after costs at least min_risk_reward"),
    _kind(Liquidity, "day volume and open interest reach liquidity_threshold_usd"),
    _kind(PositionCount, "at most max_positions"),
    _kind(NewPositions, "at most max_new_positions_per_cycle"),
    _kind(PositionSize, "notional shrunk to max_position_size_usd"),
    _kind(Leverage, "leverage lowered to the caps of trader and venue"),
    _kind(Margin, "notional shrunk to the margin left"),
    _kind(ValueBand, "notional within multiples of equity"),
    _kind(MinimumOrder, "whole lots worth the venue's smallest order"),
    _kind(Liquidation, "the stop comes before liquidation"),
)
