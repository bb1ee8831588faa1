"""The same for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.ids import TraderId
from nof0_core.manager.allocation.shares import bounded_shares, handed_out
from nof0_core.money import HUNDRED, ONE, ZERO
from nof0_core.protocols import AllocationRequest


@attrs.frozen(kw_only=True)
class EqualConfig:
    """Nothing to configure."""


@attrs.frozen
class Equal:
    """Gives every trader the same share of what the configuration hands out in all.

    The sum is that of all `allocation_pct`, not more: capital nobody was given stays in reserve. A
    trader with an `allocation_pct` of 0 gets nothing.
    """

    config: EqualConfig

    def allocate(self, request: AllocationRequest) -> Mapping[TraderId, Decimal]:
        """Return equal shares; where they do not divide, the first trader has the remainder."""
        weights = {trader: ONE for trader, pct in request.configured.items() if pct > 0}
        shares = bounded_shares(weights, handed_out(request), floor_pct=ZERO, cap_pct=HUNDRED)
        return {trader: shares.get(trader, ZERO) for trader in request.configured}
