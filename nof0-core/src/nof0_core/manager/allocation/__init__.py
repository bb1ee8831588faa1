"""Allocation: who gets how much of the capital.

An allocator turns records into shares; `transfers` turns shares into amounts that can be moved
without harm to anybody's positions.
"""

from __future__ import annotations

from typing import Any

from nof0_core.manager.allocation.equal import Equal, EqualConfig
from nof0_core.manager.allocation.fixed import Fixed, FixedConfig
from nof0_core.manager.allocation.performance import PerformanceBased, PerformanceConfig
from nof0_core.manager.allocation.transfers import transfers
from nof0_core.plugins.kinds import PolicyKind

__all__ = ["ALLOCATORS", "transfers"]

ALLOCATORS: tuple[PolicyKind[Any, Any], ...] = (
    PolicyKind(
        type="fixed",
        config=FixedConfig,
        build=Fixed,
        summary="Every trader is brought back to its allocation_pct of the managed capital",
    ),
    PolicyKind(
        type="equal",
        config=EqualConfig,
        build=Equal,
        summary="Every trader gets the same part of what allocation_pct hands out in all",
    ),
    PolicyKind(
        type="performance_based",
        config=PerformanceConfig,
        build=PerformanceBased,
        summary="More to traders with a better Sharpe ratio, between a floor and a cap",
    ),
)
"""The built-in allocation strategies."""
