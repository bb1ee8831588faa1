"""Allocators: who gets how much capital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import attrs

from nof0_core.domain.view import TraderView
from nof0_core.ids import TraderId


@attrs.frozen(kw_only=True)
class AllocationRequest:
    """What a rebalance starts from.

    `configured` is each trader's `allocation_pct`; `current` its share of total equity now;
    `available_pct` is 100 - reserve. All in percent of total equity.
    """

    traders: Sequence[TraderView]
    configured: Mapping[TraderId, Decimal]
    current: Mapping[TraderId, Decimal]
    available_pct: Decimal


class Allocator(Protocol):
    """Turns performance into shares. Pure."""

    def allocate(self, request: AllocationRequest) -> Mapping[TraderId, Decimal]:
        """Return the share of every trader in percent of total equity.

        Shares are >= 0 and sum to at most `available_pct`; anything else is refused by the manager,
        which then leaves capital where it is and raises an alert.
        """
