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
    """What a rebalance of one exchange account starts from.

    All shares are percent of its *managed capital*: its part of `total_equity_usd` and the profit
    and loss of all its traders since, whoever holds the money now. What an answer leaves over rests
    in the reserve, is part of the whole and can be handed out the next time.

    `configured` is each trader's `allocation_pct`; `current` its equity now, below 0 for one that
    owes, and together possibly more than `available_pct`: profit is made where the capital is.
    `available_pct` is 100 - `reserve_equity_pct`, whatever was answered before.
    """

    traders: Sequence[TraderView]
    configured: Mapping[TraderId, Decimal]
    current: Mapping[TraderId, Decimal]
    available_pct: Decimal


class Allocator(Protocol):
    """Turns performance into shares. Pure."""

    def allocate(self, request: AllocationRequest) -> Mapping[TraderId, Decimal]:
        """Return the share of every trader in percent of the managed capital.

        Shares are >= 0 and sum to at most `available_pct`; anything else is refused by the manager,
        which then leaves capital where it is and raises an alert. It is asked for every exchange
        account on its own, also where that has one trader only.
        """
