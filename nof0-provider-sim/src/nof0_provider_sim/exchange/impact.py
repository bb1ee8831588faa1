"""How far an order moves the price where nobody recorded the order book.

The square-root law: an order of share s of what trades in a bar is filled k x sqrt(s / 1 %) basis
points beyond the touch (Hyperliquid book samples: k of 5 for the deepest coins, up to 10).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

import attrs

from nof0_core.ids import Symbol
from nof0_core.money import EXACT, ONE, ZERO

_PERCENTS = Decimal(100)


@attrs.frozen(kw_only=True)
class Impact:
    """Basis points at 1 % of a bar's volume: of `majors`, of other coins, of single `coins`."""

    major_bps: Decimal
    other_bps: Decimal
    majors: Collection[str]
    coins: Mapping[str, Decimal]

    def bps(self, symbol: Symbol, size: Decimal, volume: Decimal | None) -> Decimal:
        """Return the impact of `size` coins where `volume` coins trade per bar.

        Without any volume in sight the order counts as a whole bar; where the market tells no
        volume (None) there is no impact.
        """
        k = self._k(symbol)
        if volume is None or not k:
            return ZERO
        share = EXACT.divide(size, volume) if volume else ONE
        return k * EXACT.sqrt(share * _PERCENTS)

    def size_within(self, symbol: Symbol, bps: Decimal, volume: Decimal | None) -> Decimal | None:
        """Return the largest size whose impact is at most `bps` >= 0; None: any size."""
        k = self._k(symbol)
        if volume is None or not k or not volume:
            return None
        reach = EXACT.divide(bps, k)
        return EXACT.divide(reach * reach * volume, _PERCENTS)

    def _k(self, symbol: Symbol) -> Decimal:
        known = self.coins.get(symbol)
        if known is not None:
            return known
        return self.major_bps if symbol in self.majors else self.other_bps
