"""Configuration of an exchange section with `type: sim`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs

from nof0_core.config.fields import opt
from nof0_core.plugins.env import MarketRef
from nof0_provider_sim.config.faults import FaultRules
from nof0_provider_sim.config.fees import FeeTier
from nof0_provider_sim.config.impact import ImpactRules, refuse_negative


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
        default=(),
        help="fees by 14-day volume, the first tier at 0; empty: Hyperliquid's table, from what the"
        " market says a coin costs",
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
    book_max_age: timedelta = opt(
        default=timedelta(seconds=5),
        ge=timedelta(0),
        le=timedelta(minutes=5),
        help="age up to which a live market's order book fills takers; 0: never ask for one",
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
        refuse_negative("slippage_by_coin", self.slippage_by_coin)
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
