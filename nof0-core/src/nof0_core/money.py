"""Money is `Decimal`; market data is `float64`. This module is the border between them.

Sums and products of ledger entries are exact: prices have at most 10 and sizes at most 8
decimals, far inside the 50 digits of `EXACT`. Only division rounds, and each place that divides
says to how many decimals. What reckons with money makes `EXACT` its context at its door, with
`exactly` or `localcontext(EXACT)`: the context of the caller is neither relied on nor changed.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
BPS = Decimal(10_000)

EXACT = Context(
    prec=50, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""Arithmetic context of the engine; division by zero, NaN and infinity raise."""

USD = Decimal("1E-6")
"""Smallest unit of cash that a fee, funding payment or transfer is rounded to (6 decimals)."""


def exactly(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function or coroutine calculate in `EXACT`; costs a microsecond per call.

    What a coroutine waits for in its own task calculates in it too; other tasks keep their context.
    Generators cannot be decorated: their caller would be in it between two values.
    """
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def gate(*args: P.args, **kwargs: P.kwargs) -> Any:
            with localcontext(EXACT):
                return await function(*args, **kwargs)

        return cast("Callable[P, T]", gate)

    @functools.wraps(function)
    def door(*args: P.args, **kwargs: P.kwargs) -> T:
        with localcontext(EXACT):
            return function(*args, **kwargs)

    return door


def decimal(value: float | str | Decimal) -> Decimal:
    """Convert to `Decimal` through the shortest text that gives the same float back.

    Raises:
        ValueError: for NaN, infinity, or text that is not a number.
    """
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        message = f"not a number: {value!r}"
        raise ValueError(message) from None
    if not number.is_finite():
        message = f"not a finite number: {value!r}"
        raise ValueError(message)
    return number


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Round toward zero to a multiple of `step`."""
    return (value / step).to_integral_value(ROUND_DOWN) * step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """Round away from zero to a multiple of `step`."""
    return (value / step).to_integral_value(ROUND_UP) * step


def truncate_usd(value: Decimal) -> Decimal:
    """Cut an amount to 6 decimals toward zero, as Hyperliquid does with fees."""
    return value.quantize(USD, ROUND_DOWN)


def plain(value: Decimal) -> str:
    """Write without exponent and without trailing zeros: `Decimal("1900.500")` → `1900.5`."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(numerator: float, denominator: float) -> float:
    """Divide for statistics: 0.0 where the denominator is 0 or either side is not finite."""
    if not denominator or not math.isfinite(numerator) or not math.isfinite(denominator):
        return 0.0
    return numerator / denominator
