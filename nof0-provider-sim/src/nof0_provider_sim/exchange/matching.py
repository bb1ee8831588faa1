"""At what price an order fills, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.domain.instrument import Instrument, Rounding
from nof0_core.domain.order import Side
from nof0_core.ids import Symbol
from nof0_core.money import BPS, EXACT, ZERO


@attrs.frozen(kw_only=True)
class Terms:
    """Costs of trading, in basis points of notional.

    `max_volume` is the part of a bar's volume that resting orders may fill, 0 for any.
    """

    slippage_bps: Decimal
    slippage_by_coin: Mapping[str, Decimal] = attrs.field(factory=dict)
    max_volume: Decimal = ZERO

    def spread_bps(self, symbol: Symbol) -> Decimal:
        """Return how much worse than the mark the smallest taker fills."""
        return self.slippage_by_coin.get(symbol, self.slippage_bps)

    def taker_price(self, side: Side, price: Decimal, instrument: Instrument) -> Decimal:
        """Return `price` made worse by the slippage, on a tick and never better than exact."""
        bps = self.spread_bps(instrument.symbol)
        slipped = EXACT.divide(price * (BPS + side.sign * bps), BPS)
        rounding: Rounding = "up" if side is Side.BUY else "down"
        return max(instrument.round_price(slipped, rounding), instrument.tick(slipped))


def is_within(side: Side, price: Decimal, limit: Decimal) -> bool:
    """Return whether `price` is at least as good as the limit."""
    return price <= limit if side is Side.BUY else price >= limit
