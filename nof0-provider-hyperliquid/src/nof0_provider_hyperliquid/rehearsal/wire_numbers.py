"""How the venue writes numbers."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import numpy.typing as npt

PRICE_DECIMALS = 6
"""Decimals of a price of a coin whose sizes have none; each decimal of a size takes one away."""
FIGURES = 5
"""Significant figures of a price."""


def price_decimals(price: float, sz_decimals: int) -> int:
    """Return how many decimals a price of this magnitude may have."""
    if price <= 0:
        return 0
    by_figures = FIGURES - 1 - math.floor(math.log10(price))
    return max(0, min(PRICE_DECIMALS - sz_decimals, by_figures))


def rounded_prices(prices: npt.NDArray[np.float64], sz_decimals: int) -> npt.NDArray[np.float64]:
    """Return prices rounded to what the venue takes; shape and order stay."""
    decimals = np.minimum(PRICE_DECIMALS - sz_decimals, FIGURES - 1 - np.floor(np.log10(prices)))
    factor = np.power(10.0, np.maximum(decimals, 0))
    return np.asarray(np.round(prices * factor) / factor)


def wire(value: Decimal | float, decimals: int | None = None) -> str:
    """Return a number as it stands in answers: no zeros at its end, but one decimal at least."""
    text = format(value, "f") if decimals is None else f"{value:.{decimals}f}"
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def wire_price(price: float, sz_decimals: int) -> str:
    """Return a price as it stands in answers."""
    return wire(price, price_decimals(price, sz_decimals))
