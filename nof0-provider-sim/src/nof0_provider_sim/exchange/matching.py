"""At what price an order fills."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.domain.instrument import Instrument, Rounding
from nof0_core.domain.order import Side
from nof0_core.ids import Symbol
from nof0_core.money import BPS, EXACT


@attrs.frozen(kw_only=True)
class Slippage:
    """How much worse than the mark takers fill, in basis points; `by_coin` where it differs."""

    bps: Decimal
    by_coin: Mapping[str, Decimal] = attrs.field(factory=dict)

    def spread_bps(self, symbol: Symbol) -> Decimal:
        """Return how much worse than the mark the smallest taker fills."""
        return self.by_coin.get(symbol, self.bps)

    def taker_price(self, side: Side, price: Decimal, instrument: Instrument) -> Decimal:
        """Return `price` made worse by the slippage, on a tick and never better than exact."""
        bps = self.spread_bps(instrument.symbol)
        slipped = EXACT.divide(price * (BPS + side.sign * bps), BPS)
        rounding: Rounding = "up" if side is Side.BUY else "down"
        return max(instrument.round_price(slipped, rounding), instrument.tick(slipped))


def is_within(side: Side, price: Decimal, limit: Decimal) -> bool:
    """Return whether `price` is at least as good as the limit."""
    return price <= limit if side is Side.BUY else price >= limit
