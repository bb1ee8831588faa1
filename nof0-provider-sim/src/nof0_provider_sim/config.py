"""Configuration of the two `type: sim` sections."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from nof0_core.config.fields import opt
from nof0_core.domain.candles import interval_ms
from nof0_core.plugins.env import MarketRef

_SYNTHETIC_ONLY = ("start", "end", "seed", "interval", "volatility", "drift", "first_price")


@attrs.frozen(kw_only=True)
class TierRule:
    """From `lower_bound_usd` of notional upward, leverage is at most `max_leverage`."""

    lower_bound_usd: Decimal = opt(unit="USD", ge=0, help="notional from which the tier applies")
    max_leverage: int = opt(ge=1, le=100, help="highest leverage in the tier")


@attrs.frozen(kw_only=True)
class InstrumentRules:
    """Trading rules of one coin; what is left out follows the venue's formula."""

    size_decimals: int = opt(ge=0, le=8, help="decimals of a size; the smallest lot is 10^-n coins")
    price_decimals: int | None = opt(
        default=None, ge=0, le=10, help="most decimals of a price; 6 - size_decimals if empty"
    )
    max_leverage: int = opt(ge=1, le=100, help="highest leverage of the first tier")
    min_notional_usd: Decimal = opt(
        default=Decimal(10), unit="USD", ge=0, help="smallest order that is not reduce-only"
    )
    tiers: tuple[TierRule, ...] = opt(
        default=(), help="margin tiers by ascending lower bound, the first at 0; empty: one tier"
    )

    def __attrs_post_init__(self) -> None:
        """Refuse tiers that are out of order or contradict `max_leverage`."""
        if not self.tiers:
            return
        bounds = [tier.lower_bound_usd for tier in self.tiers]
        if bounds[0] != 0 or sorted(set(bounds)) != bounds:
            message = "tiers must start at lower_bound_usd 0 and ascend"
            raise ValueError(message)
        if self.tiers[0].max_leverage != self.max_leverage:
            message = "max_leverage of the first tier must equal max_leverage of the coin"
            raise ValueError(message)


@attrs.frozen(kw_only=True)
class SimMarketConfig:
    """Schema of a market section with `type: sim`."""

    source: str = opt(
        default="recorded",
        one_of=("recorded", "synthetic"),
        help="play back candle files, or make prices up",
    )
    data: Path | None = opt(
        default=None, help="directory of candle files; empty: Hyperliquid, July 2025, six coins"
    )
    symbols: tuple[str, ...] = opt(
        default=(), help="coins to offer; empty: all recorded ones, or BTC ETH SOL BNB DOGE XRP"
    )
    gaps: str = opt(
        default="refuse",
        one_of=("refuse", "allow"),
        help="what to do with a recording in which bars are missing",
    )
    open_interest_usd: Decimal | None = opt(
        default=None,
        unit="USD",
        gt=0,
        help="open interest to report for every coin; empty: none, candles do not tell it",
    )
    instruments: Mapping[str, InstrumentRules] = opt(
        factory=dict, help="trading rules by coin, beside or instead of the built-in ones"
    )
    start: datetime | None = opt(
        default=None, help="synthetic: start of the first bar; 2025-01-01 if empty"
    )
    end: datetime | None = opt(
        default=None, help="synthetic: end of the last bar; start + 30 days if empty"
    )
    seed: int | None = opt(
        default=None, help="synthetic: seed of the prices; the run's seed if empty"
    )
    interval: str | None = opt(default=None, help="synthetic: finest bar; 1m if empty")
    volatility: float | None = opt(
        default=None,
        ge=0,
        le=10,
        help="synthetic: standard deviation of a year's return; 0.8 if empty",
    )
    drift: float | None = opt(
        default=None, ge=-10, le=10, help="synthetic: expected log return of a year; 0 if empty"
    )
    first_price: Mapping[str, float] | None = opt(
        default=None,
        help="synthetic: price by coin at the start; 100 where nothing better is known",
    )

    def __attrs_post_init__(self) -> None:
        """Refuse keys that the chosen source would ignore, and contradictions."""
        if self.source == "recorded":
            self._refuse(_SYNTHETIC_ONLY, "only means something with source: synthetic")
            return
        self._refuse(("data",), "only means something with source: recorded")
        if self.gaps != "refuse":
            message = "gaps: only means something with source: recorded"
            raise ValueError(message)
        if self.interval is not None:
            interval_ms(self.interval)
        for name, price in (self.first_price or {}).items():
            if not price > 0:
                message = f"first_price.{name}: must be > 0, got {price}"
                raise ValueError(message)

    def _refuse(self, names: tuple[str, ...], why: str) -> None:
        for name in names:
            value: Any = getattr(self, name)
            if value is not None:
                message = f"{name}: {why}"
                raise ValueError(message)


@attrs.frozen(kw_only=True)
class SimExchangeConfig:
    """Schema of an exchange section with `type: sim`."""

    market: MarketRef = opt(
        default=MarketRef(""), help="market section that prices the fills; empty: the default one"
    )
    initial_balance_usd: Decimal = opt(
        default=Decimal(10_000), unit="USD", gt=0, help="cash of a new paper account"
    )
    taker_fee_bps: Decimal = opt(
        default=Decimal("4.5"), unit="bps", ge=0, le=1000, help="fee of orders that fill at once"
    )
    maker_fee_bps: Decimal = opt(
        default=Decimal("1.5"),
        unit="bps",
        ge=-100,
        le=1000,
        help="fee of resting orders; negative: a rebate",
    )
    slippage_bps: Decimal = opt(
        default=Decimal(2),
        unit="bps",
        ge=0,
        le=1000,
        help="how much worse than the mark a taker fills",
    )
    latency: timedelta = opt(
        default=timedelta(milliseconds=200),
        ge=timedelta(0),
        le=timedelta(minutes=1),
        help="from sending an order to its arrival at the venue",
    )
    latency_sigma: float = opt(
        default=0.0,
        ge=0,
        le=2,
        help="spread of the latency (log-normal around it); 0: always the same, 0.647: as measured",
    )
    seed: int | None = opt(default=None, help="seed of the latencies; the run's seed if empty")
    default_funding_rate: Decimal = opt(
        default=Decimal("0.0000125"),
        ge=Decimal("-0.04"),
        le=Decimal("0.04"),
        help="fraction per hour where the market tells no funding rate",
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a seed that nothing would use."""
        if self.seed is not None and not self.latency_sigma:
            message = "seed: has no effect without latency_sigma"
            raise ValueError(message)
