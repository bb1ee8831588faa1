"""At what price an order fills, and what it costs."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.domain.instrument import Instrument, Rounding
from nof0_core.domain.order import Side
from nof0_core.money import BPS, EXACT, truncate_usd


@attrs.frozen(kw_only=True)
class Terms:
    """Costs of trading, in basis points of notional."""

    taker_fee_bps: Decimal
    maker_fee_bps: Decimal
    slippage_bps: Decimal

    def fee(self, price: Decimal, size: Decimal, *, is_taker: bool) -> Decimal:
        """Return the fee in USD, cut to 6 decimals toward zero; negative for a rebate."""
        bps = self.taker_fee_bps if is_taker else self.maker_fee_bps
        return truncate_usd(EXACT.divide(price * size * bps, BPS))

    def taker_price(self, side: Side, price: Decimal, instrument: Instrument) -> Decimal:
        """Return `price` made worse by the slippage, on a tick and never better than exact."""
        slipped = EXACT.divide(price * (BPS + side.sign * self.slippage_bps), BPS)
        rounding: Rounding = "up" if side is Side.BUY else "down"
        return max(instrument.round_price(slipped, rounding), instrument.tick(slipped))


def is_within(side: Side, price: Decimal, limit: Decimal) -> bool:
    """Return whether `price` is at least as good as the limit."""
    return price <= limit if side is Side.BUY else price >= limit
