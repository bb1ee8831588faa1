"""Prices of one stretch of time, as orders are judged by them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

import attrs

from nof0_core.ids import Symbol

STALE_MS = 300_000
"""Stale marks stand still from one multiple of this to the next."""

IsStale: TypeAlias = Callable[[Symbol, int], bool]
"""Tells for a coin and a moment (ms) whether its mark stands still."""


@attrs.frozen(kw_only=True)
class Bar:
    """One closed bar, prices in USD; for live quotes all four are the mark.

    `volume` is what traded between `volume_from_ms` and the close, in coins; None if the market
    does not tell.
    """

    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None
    volume_from_ms: int

    def from_close(self) -> Bar:
        """Return what an order sees that came while the bar was open: only how it closed."""
        return attrs.evolve(self, open=self.close, high=self.close, low=self.close)
