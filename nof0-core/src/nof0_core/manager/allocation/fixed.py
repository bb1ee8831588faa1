"""Shares as configured."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.ids import TraderId
from nof0_core.protocols import AllocationRequest


@attrs.frozen(kw_only=True)
class FixedConfig:
    """Nothing to configure: the shares are each trader's `allocation_pct`."""


@attrs.frozen
class Fixed:
    """Brings every trader back to its `allocation_pct` of the managed capital.

    So profits and losses are shared: who won gives to who lost, and to the reserve what that is to
    have of them.
    """

    config: FixedConfig

    def allocate(self, request: AllocationRequest) -> Mapping[TraderId, Decimal]:
        """Return the configured shares."""
        return dict(request.configured)
