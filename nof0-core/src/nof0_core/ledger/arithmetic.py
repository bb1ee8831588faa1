"""How the ledger calculates: exactly, or with rounding it asks for and whose remainder it keeps."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation

from nof0_core.money import EXACT

STRICT = Context(prec=EXACT.prec, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Inexact])
"""Context in which events are applied: a sum or product that would lose a digit raises."""

COST_STEP = Decimal("1E-18")
"""Grid of costs: 10 decimals of a price and 8 of a size, so a product of both lies on it."""

PRICE_STEP = Decimal("1E-10")
"""Finest price; average entry and liquidation prices are rounded to it for showing."""


def share(amount: Decimal, part: Decimal, whole: Decimal, step: Decimal) -> Decimal:
    """Return `amount` x `part` / `whole`, rounded to a multiple of `step`, ties to even.

    The caller keeps the rest (`amount` minus the result), so that nothing is lost.
    """
    portion = EXACT.divide(EXACT.multiply(amount, part), whole)
    return portion.quantize(step, ROUND_HALF_EVEN, EXACT)


def quotient(numerator: Decimal, denominator: Decimal, step: Decimal) -> Decimal:
    """Divide; a result with more decimals than `step` is rounded to it, ties to even."""
    result = EXACT.divide(numerator, denominator)
    if result.as_tuple().exponent < step.as_tuple().exponent:  # type: ignore[operator]  # finite
        return result.quantize(step, ROUND_HALF_EVEN, EXACT)
    return result
