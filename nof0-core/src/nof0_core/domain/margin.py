"""What a position must have behind it, and the price at which it no longer has.

Each venue states its own tiers; the arithmetic is Hyperliquid's (documentation, "Margining",
"Margin tiers" and "Liquidations"). Everything is reckoned with 50 digits, whatever the decimal
context of the caller, and rounded only where a function says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal

import attrs

from nof0_core.domain.instrument import Instrument
from nof0_core.money import EXACT, ONE, USD, ZERO


@attrs.frozen
class Maintenance:
    """Maintenance `margin` in USD of a position and the marginal `rate` at its notional."""

    rate: Decimal
    margin: Decimal


def maintenance(instrument: Instrument, notional: Decimal) -> Maintenance:
    """Return the maintenance margin of a position worth `notional` >= 0 USD.

    margin = notional x rate_n - deduction_n, where rate_n is the maintenance rate of the tier and
    deduction_n = deduction_(n-1) + lower_bound_n x (rate_n - rate_(n-1)): each tier's rate applies
    to the part of the notional above its lower bound, so that the margin does not jump.
    """
    rate = deduction = ZERO
    for bound, tier_rate, tier_deduction in instrument.maintenance_schedule:
        if notional < bound:
            break
        rate, deduction = tier_rate, tier_deduction
    return Maintenance(rate, EXACT.subtract(EXACT.multiply(notional, rate), deduction))


def maintenance_rates(instrument: Instrument) -> Sequence[Decimal]:
    """Return the maintenance rate of each tier, the lowest first."""
    return [rate for _, rate, _ in instrument.maintenance_schedule]


def initial_margin(notional: Decimal, leverage: int, *, step: Decimal | None = USD) -> Decimal:
    """Return notional / leverage in USD, rounded up to a multiple of `step`; None: not rounded."""
    margin = EXACT.divide(notional, Decimal(leverage))
    return margin if step is None else margin.quantize(step, ROUND_UP, EXACT)


def liquidation_price(
    *, mark: Decimal, side: int, spare_per_coin: Decimal, rate: Decimal
) -> Decimal:
    """Return the price at which a position would be liquidated, other coins held constant.

    price = mark - side x spare / size / (1 - rate x side), where `side` is +1 for a long and -1 for
    a short, `spare` what backs the position (and, where it is cross, others with it) minus the
    maintenance margins of all that is backed by it at current marks, and `rate` the marginal
    maintenance rate of this one.

    Returns:
        USD, not rounded. At or below 0 nothing liquidates a long, and a short has long been.
    """
    sign = Decimal(side)
    away = EXACT.divide(spare_per_coin, EXACT.subtract(ONE, EXACT.multiply(rate, sign)))
    return EXACT.subtract(mark, EXACT.multiply(away, sign))


def positive_price(price: Decimal, step: Decimal) -> Decimal | None:
    """Return a price rounded to a multiple of `step`, ties to even; None unless it is above 0."""
    return price.quantize(step, ROUND_HALF_EVEN, EXACT) if price > 0 else None
