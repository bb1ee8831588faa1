"""Settings of the rule-based traders."""

from __future__ import annotations

from datetime import timedelta

import attrs

from nof0_core.config.fields import opt

PCT = "pct"


@attrs.frozen(kw_only=True)
class BaselineConfig:
    """Nothing to set: what a baseline does is in the `params` of its model entry."""


@attrs.frozen(kw_only=True)
class BaselineParams:
    """`params` of a model entry whose backend is `baseline`.

    The strategy is the entry's `model_name`: `buy_and_hold`, `ema_cross`, `mean_reversion` or
    `random`. Each uses what its own documentation names and leaves the rest. Indicator names are
    those of market.yaml.
    """

    symbols: tuple[str, ...] = opt(default=(), help="coins to trade; none: all of the trader's")
    interval: str = opt(default="3m", help="bars to read; for random: its decision interval")
    fast: str = opt(default="ema20", help="indicator for the fast average")
    slow: str = opt(default="ema50", help="indicator for the slow average, the mean")
    rsi: str = opt(default="rsi14", help="indicator for the momentum filter")
    atr: str = opt(default="atr14", help="indicator for the usual move, sets stop and target")
    rsi_low: float = opt(default=30.0, ge=0, le=50, help="at or below it a coin is sold out")
    rsi_high: float = opt(default=70.0, ge=50, le=100, help="at or above it a coin is bought out")
    fresh_bars: int = opt(default=1, ge=1, le=500, help="newest bars in which a cross counts")
    distance_atr: float = opt(default=4.0, gt=0, help="how far from the mean is far", unit="ATR")
    stop_atr: float = opt(default=5.0, gt=0, help="distance of the stop", unit="ATR")
    reward: float = opt(default=2.5, gt=0, help="distance of the target in distances of the stop")
    stop_pct: float = opt(
        default=30.0, gt=0, lt=100, help="stop of buy_and_hold, or where stop_unit is pct", unit="%"
    )
    stop_unit: str = opt(
        default="atr", one_of=("atr", PCT), help="ema_cross: a stop by stop_atr, or by stop_pct"
    )
    exit_on_signal: bool = opt(default=False, help="close when the reason for the entry is gone")
    turn_round: bool = opt(
        default=False, help="ema_cross: with exit_on_signal, enter the other side at once"
    )
    size_pct: float = opt(default=20.0, gt=0, help="notional of one position", unit="% of equity")
    leverage: int = opt(default=3, ge=1, help="leverage asked for")
    confidence: float = opt(default=80.0, ge=0, le=100, help="confidence given with every entry")
    seed: int = opt(default=0, help="seed of random")
    trades_per_day: float = opt(default=4.0, gt=0, help="entries of random, on average")
    hold: timedelta = opt(
        default=timedelta(hours=8), gt=timedelta(0), help="how long random holds, on average"
    )
