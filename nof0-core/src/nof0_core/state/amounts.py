"""What counts as an amount in an event."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.domain.event import Event
from nof0_core.state.changes import refused

LARGEST = Decimal(10**15)
"""Prices, sizes and amounts are below; figures made of them then keep all their decimals."""


def require_amount(event: Event, *numbers: Decimal) -> None:
    """Refuse what would spread quietly through every later sum: NaN, infinity, endless digits.

    Raises:
        UnbookableError: one of the numbers is such a thing.
    """
    for number in numbers:
        if not number.is_finite() or number.copy_abs() >= LARGEST:
            raise refused(event, f"{number} is not an amount")
