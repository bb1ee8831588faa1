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

FAULTS = (
    "rate_limited",
    "bad_gateway",
    "timeout_after_execution",
    "duplicate",
    "dropped_stream",
    "stale_mark",
    "reject_stops",
)
"""Keys of `faults`, in the order in which a call meets them."""
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
class ImpactRules:
    """How far taker orders move the price: k x sqrt(order / 1 % of a bar's volume), in bps."""

    major_bps: Decimal = opt(
        default=Decimal(5), unit="bps", ge=0, le=1000, help="k of BTC and ETH; 0: no impact"
    )
    other_bps: Decimal = opt(
        default=Decimal(8), unit="bps", ge=0, le=1000, help="k of all other coins; 0: no impact"
    )
    coins: Mapping[str, Decimal] = opt(factory=dict, help="k of single coins, in bps")

    def __attrs_post_init__(self) -> None:
        """Refuse negative numbers."""
        _refuse_negative("coins", self.coins)


@attrs.frozen(kw_only=True)
class ScriptedFault:
    """One fault at one occasion."""

    fault: str = opt(one_of=FAULTS, help="what goes wrong")
    nth: int = opt(ge=1, help="at which of its occasions, counted from 1 since the start")


def _probability(help_: str) -> Any:
    return opt(default=0.0, ge=0, le=1, help=help_)


@attrs.frozen(kw_only=True)
class FaultRules:
    """What goes wrong on purpose: probability at each occasion, or exact occasions."""

    rate_limited: float = _probability("of a call to be refused (429); nothing happens")
    bad_gateway: float = _probability("of a call to be lost on its way (502)")
    timeout_after_execution: float = _probability("of orders to be carried out without an answer")
    duplicate: float = _probability("of orders to arrive twice, answered as a used nonce")
    dropped_stream: float = _probability("of a statement to lack what is new")
    stale_mark: float = _probability("of a coin's mark to stand still for five minutes")
    reject_stops: float = _probability("of a stop to be refused")
    script: tuple[ScriptedFault, ...] = opt(default=(), help="faults at exact occasions")

    @property
    def has_chance(self) -> bool:
        """Return whether any fault is drawn for."""
        return any(getattr(self, name) for name in FAULTS)


@attrs.frozen(kw_only=True)
class FeeTier:
    """Fees of an account that traded more than `volume_usd` in the last 14 days."""

    volume_usd: Decimal = opt(unit="USD", ge=0, help="volume above which the tier applies")
    taker_fee_bps: Decimal = opt(unit="bps", ge=0, le=1000, help="fee of orders that fill at once")
    maker_fee_bps: Decimal = opt(
        unit="bps", ge=-100, le=1000, help="fee of resting orders; negative: a rebate"
    )


@attrs.frozen(kw_only=True)
class SimExchangeConfig:
    """Schema of an exchange section with `type: sim`."""

    market: MarketRef = opt(
        default=MarketRef(""), help="market section that prices the fills; empty: the default one"
    )
    initial_balance_usd: Decimal = opt(
        default=Decimal(10_000), unit="USD", gt=0, help="cash of a new paper account"
    )
    fee_tiers: tuple[FeeTier, ...] = opt(
        default=(), help="fees by 14-day volume, the first tier at 0; empty: Hyperliquid's table"
    )
    taker_fee_bps: Decimal | None = opt(
        default=None,
        unit="bps",
        ge=0,
        le=1000,
        help="fee of orders that fill at once, whatever the volume; empty: by fee_tiers",
    )
    maker_fee_bps: Decimal | None = opt(
        default=None,
        unit="bps",
        ge=-100,
        le=1000,
        help="fee of resting orders, whatever the volume; negative: a rebate; empty: by fee_tiers",
    )
    staking_discount_pct: Decimal = opt(
        default=Decimal(0), ge=0, le=40, help="percent off every fee; the venue grants up to 40"
    )
    referral_discount_pct: Decimal = opt(
        default=Decimal(0), ge=0, le=4, help="percent off every fee up to 25M USD of volume"
    )
    slippage_bps: Decimal = opt(
        default=Decimal(2),
        unit="bps",
        ge=0,
        le=1000,
        help="how much worse than the mark the smallest taker fills (half the spread)",
    )
    slippage_by_coin: Mapping[str, Decimal] = opt(
        factory=dict, help="slippage_bps of single coins, in bps"
    )
    impact: ImpactRules = opt(
        factory=ImpactRules, help="how much more large orders pay where no depth is known"
    )
    depth: Path | None = opt(
        default=None,
        help="file of recorded order books to fill takers from; coins without one use the formula",
    )
    max_volume_pct: Decimal = opt(
        default=Decimal(10),
        unit="%",
        ge=0,
        le=100,
        help="part of a bar's volume that resting orders may fill; 0: any",
    )
    queue_probability: float = opt(
        default=0.0, ge=0, le=1, help="of a resting order to fill when the price just touches it"
    )
    oracle_band_pct: Decimal = opt(
        default=Decimal(95),
        unit="%",
        gt=0,
        le=1000,
        help="how far from the oracle price an order may be",
    )
    faults: FaultRules = opt(
        factory=FaultRules, help="what goes wrong on purpose; nothing by default"
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
    seed: int | None = opt(
        default=None, help="seed of latencies, queues and faults; the run's seed if empty"
    )
    default_funding_rate: Decimal = opt(
        default=Decimal("0.0000125"),
        ge=Decimal("-0.04"),
        le=Decimal("0.04"),
        help="fraction per hour where the market tells no funding rate",
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a seed that nothing would use."""
        self._check_tiers()
        _refuse_negative("slippage_by_coin", self.slippage_by_coin)
        is_random = self.latency_sigma or self.queue_probability or self.faults.has_chance
        if self.seed is not None and not is_random:
            message = "seed: has no effect without latency_sigma, queue_probability or faults"
            raise ValueError(message)

    def _check_tiers(self) -> None:
        if not self.fee_tiers:
            return
        volumes = [tier.volume_usd for tier in self.fee_tiers]
        if volumes[0] != 0 or sorted(set(volumes)) != volumes:
            message = "fee_tiers must start at volume_usd 0 and ascend"
            raise ValueError(message)
        if self.taker_fee_bps is not None and self.maker_fee_bps is not None:
            message = "fee_tiers: has no effect beside taker_fee_bps and maker_fee_bps"
            raise ValueError(message)


def _refuse_negative(key: str, values: Mapping[str, Decimal]) -> None:
    for name, value in values.items():
        if not value >= 0:
            message = f"{key}.{name}: must be >= 0, got {value}"
            raise ValueError(message)
