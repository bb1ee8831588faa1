"""What can be traded, and the venue's rules for prices and sizes."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import Literal

import attrs

from nof0_core.ids import Symbol

Rounding = Literal["nearest", "down", "up"]
_MODES = {"nearest": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}


@attrs.frozen(kw_only=True)
class MarginTier:
    """From `lower_bound` USD of notional upward, at most `max_leverage` is allowed."""

    lower_bound: Decimal
    max_leverage: int


@attrs.frozen(kw_only=True)
class Instrument:
    """One perpetual and its trading rules.

    A price may have at most `price_figures` significant figures and at most `price_decimals`
    decimals; whole numbers are always allowed (Hyperliquid: tick and lot size). A size is a
    multiple of 10^-`size_decimals` coins. An order that is not reduce-only is worth at least
    `min_notional` USD. `tiers` are sorted by `lower_bound`, the first at 0; empty means one tier
    at `max_leverage`.
    """

    symbol: Symbol
    size_decimals: int
    price_decimals: int
    price_figures: int = 5
    max_leverage: int
    min_notional: Decimal = Decimal(10)
    tiers: tuple[MarginTier, ...] = ()

    @property
    def lot(self) -> Decimal:
        """Smallest size step, in coins."""
        return Decimal(1).scaleb(-self.size_decimals)

    def tick(self, price: Decimal) -> Decimal:
        """Return the price step that applies around `price`."""
        by_figures = price.adjusted() + 1 - self.price_figures
        return Decimal(1).scaleb(max(-self.price_decimals, min(0, by_figures)))

    def round_price(self, price: Decimal, rounding: Rounding = "nearest") -> Decimal:
        """Round a positive price to what the venue accepts.

        Use `up` for the limit of a buy and `down` for the limit of a sell, so that a slippage cap
        is not made tighter by rounding.
        """
        return price.quantize(self.tick(price), _MODES[rounding])

    def round_size(self, size: Decimal) -> Decimal:
        """Cut a size in coins down to whole lots; the result may be 0."""
        return size.quantize(self.lot, ROUND_DOWN)

    def is_valid_price(self, price: Decimal) -> bool:
        """Tell whether the venue accepts this price as it stands."""
        return price > 0 and price == self.round_price(price)

    def is_valid_size(self, size: Decimal) -> bool:
        """Tell whether the size is a positive number of whole lots."""
        return size > 0 and size == self.round_size(size)

    def maintenance_rate(self) -> Decimal:
        """Return the maintenance margin of the first tier, half of 1/max leverage."""
        return 1 / (2 * Decimal(self.max_leverage))

    def leverage_cap(self, notional: Decimal) -> int:
        """Return the highest leverage the venue allows for a position of `notional` USD."""
        cap = self.max_leverage
        for tier in self.tiers:
            if notional >= tier.lower_bound:
                cap = tier.max_leverage
        return cap

    def maintenance_margin(self, notional: Decimal) -> Decimal:
        """Return the margin below which a position of `notional` USD is liquidated.

        Each tier's rate is half of 1/max leverage; a deduction at each bound keeps the amount
        continuous (Hyperliquid, margin tiers): MM = notional x rate_n - deduction_n.
        """
        rate, deduction = self.maintenance_rate(), Decimal(0)
        for index, tier in enumerate(self.tiers):
            if notional < tier.lower_bound:
                break
            next_rate = 1 / (2 * Decimal(tier.max_leverage))
            if index:
                deduction += tier.lower_bound * (next_rate - rate)
            rate = next_rate
        return notional * rate - deduction
