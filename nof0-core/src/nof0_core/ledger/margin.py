"""Margin of a trader's own account: what its positions bind and where they would be liquidated.

Rules of the venue (Hyperliquid documentation, "Margining", "Margin tiers" and "Liquidations"),
applied to the virtual account as if it stood alone.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal
from functools import cache

import attrs

from nof0_core.domain.instrument import Instrument
from nof0_core.ledger.arithmetic import PRICE_STEP
from nof0_core.money import EXACT, USD, ZERO


@attrs.frozen
class Maintenance:
    """Maintenance `margin` in USD of a position and the marginal `rate` at its notional."""

    rate: Decimal
    margin: Decimal


def maintenance(instrument: Instrument, notional: Decimal) -> Maintenance:
    """Return the maintenance margin of a position worth `notional` USD.

    margin = notional x rate_n - deduction_n, where rate_n = 1 / (2 x max leverage of the tier) and
    deduction_n = deduction_(n-1) + lower_bound_n x (rate_n - rate_(n-1)): each tier's rate applies
    to the part of the notional above its lower bound. Call it in a context of 50 digits.
    """
    if not instrument.tiers:
        rate = _rate(instrument.max_leverage)
        return Maintenance(rate, notional * rate)
    rate = deduction = ZERO
    for tier in instrument.tiers:
        if notional < tier.lower_bound:
            break
        # The first tier begins at 0, so nothing is deducted there.
        higher = _rate(tier.max_leverage)
        deduction += tier.lower_bound * (higher - rate)
        rate = higher
    return Maintenance(rate, notional * rate - deduction)


@cache
def _rate(max_leverage: int) -> Decimal:
    return EXACT.divide(Decimal(1), Decimal(2 * max_leverage))


def initial_margin(notional: Decimal, leverage: int) -> Decimal:
    """Return notional / leverage in USD, rounded up to 6 decimals."""
    return EXACT.divide(notional, Decimal(leverage)).quantize(USD, ROUND_UP, EXACT)


def liquidation_price(
    *, mark: Decimal, quantity: Decimal, spare: Decimal, rate: Decimal
) -> Decimal | None:
    """Return the price at which a position would be liquidated, other coins held constant.

    price = mark - side x spare / size / (1 - rate x side), where `spare` is what backs the position
    (and, where it is cross, others with it) minus the maintenance margins of all that is backed by
    it at current marks, `rate` the maintenance rate of this one, side +1 for a long and -1 for a
    short (Hyperliquid, "Liquidations").

    Returns:
        USD, rounded to 10 decimals; None where no positive price liquidates the position.
    """
    side = 1 if quantity > 0 else -1
    price = mark - spare / quantity / (1 - rate * side)
    return price.quantize(PRICE_STEP, ROUND_HALF_EVEN, EXACT) if price > 0 else None
