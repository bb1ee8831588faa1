"""Amounts as the venue writes them."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, TypeAlias

from nof0_core.money import USD, ZERO

Json: TypeAlias = dict[str, Any]
"""An object of a request or an answer: decimals are texts, ids and times integers."""

PRICE_STEP = Decimal("1E-8")
"""Prices that the venue calculates have at most 8 decimals."""


def text(value: Decimal) -> str:
    """Write an amount without needless zeros but with one decimal at least: `10.0`."""
    plain = f"{value:f}"
    if "." in plain:
        plain = plain.rstrip("0")
    else:
        plain += "."
    plain = f"{plain}0" if plain.endswith(".") else plain
    return "0.0" if plain == "-0.0" else plain


def dollars(value: Decimal) -> Decimal:
    """Round to the smallest unit of cash, half to even."""
    return value.quantize(USD, ROUND_HALF_EVEN)


def truncated(value: Decimal) -> Decimal:
    """Cut towards zero at 6 decimals, as the venue does with fees and funding."""
    return value.quantize(USD, ROUND_DOWN)


def price(value: Decimal) -> Decimal:
    """Round a calculated price to 8 decimals."""
    return value.quantize(PRICE_STEP, ROUND_HALF_EVEN)


def amount(value: object) -> Decimal:
    """Read a decimal of a request.

    Raises:
        ValueError: if it is no text of a plain, finite, non-negative number.
    """
    if not isinstance(value, str) or not value or not set(value) <= set("0123456789."):
        message = f"not an amount: {value!r}"
        raise ValueError(message)
    try:
        number = Decimal(value)
    except InvalidOperation:
        message = f"not an amount: {value!r}"
        raise ValueError(message) from None
    return abs(number) if number == ZERO else number
