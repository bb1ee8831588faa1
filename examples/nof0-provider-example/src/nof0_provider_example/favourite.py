"""An allocation strategy: most for whoever earned most."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core import opt
from nof0_core.ids import TraderId
from nof0_core.money import HUNDRED, exactly, floor_to
from nof0_core.protocols import AllocationRequest

STEP = Decimal("0.01")
"""Shares are whole hundredths of a percent."""


@attrs.frozen(kw_only=True)
class Favourite:
    """Gives `favourite_pct` of what there is to the highest return, the rest to all others alike.

    Of equal returns the first name wins, so that the same question has the same answer.
    """

    favourite_pct: Decimal = opt(
        default=Decimal(50), unit="%", ge=0, le=100, help="share of the best"
    )

    @exactly
    def allocate(self, request: AllocationRequest) -> Mapping[TraderId, Decimal]:
        """Return the shares."""
        ranked = sorted(request.traders, key=lambda one: (-one.account.return_pct, one.trader))
        best, others = ranked[0].trader, sorted(request.configured.keys() - {ranked[0].trader})
        if not others:
            return {best: request.available_pct}
        most = floor_to(request.available_pct * self.favourite_pct / HUNDRED, STEP)
        each = floor_to((request.available_pct - most) / len(others), STEP)
        return {best: most} | dict.fromkeys(others, each)
