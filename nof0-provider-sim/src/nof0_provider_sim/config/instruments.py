"""Trading rules of a coin, as a market section may state them."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.config.fields import opt
from nof0_core.domain.instrument import MarginTier, check_tiers


@attrs.frozen(kw_only=True)
class TierRule:
    """From `lower_bound_usd` of notional upward, leverage is at most `max_leverage`."""

    lower_bound_usd: Decimal = opt(unit="USD", ge=0, help="notional from which the tier applies")
    max_leverage: int = opt(ge=1, le=100, help="highest leverage in the tier")
    maintenance_rate: Decimal | None = opt(
        default=None,
        gt=0,
        lt=1,
        help="part of the notional that margin must not fall below (0.01: 1 %), under"
        " 1 / max_leverage; half of that if empty",
    )

    @property
    def tier(self) -> MarginTier:
        """Return the tier as the domain knows it."""
        return MarginTier(
            lower_bound=self.lower_bound_usd,
            max_leverage=self.max_leverage,
            maintenance_rate=self.maintenance_rate,
        )


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
        """Refuse tiers that are out of order, unsound or contradict `max_leverage`."""
        if not self.tiers:
            return
        bounds = [tier.lower_bound_usd for tier in self.tiers]
        if bounds[0] != 0 or sorted(set(bounds)) != bounds:
            message = "tiers must start at lower_bound_usd 0 and ascend"
            raise ValueError(message)
        check_tiers([tier.tier for tier in self.tiers])
        if self.tiers[0].max_leverage != self.max_leverage:
            message = "max_leverage of the first tier must equal max_leverage of the coin"
            raise ValueError(message)
