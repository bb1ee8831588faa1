"""Amounts and spans rounded for reading."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Return an amount in USD, or a share in percent, with two decimals; never -0."""
    return amount.quantize(CENT) + 0


def minutes(span: timedelta) -> int:
    """Return the whole minutes in a span."""
    return int(span.total_seconds() // 60)
