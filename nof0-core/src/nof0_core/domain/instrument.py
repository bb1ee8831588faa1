"""What can be traded, and the venue's rules for prices and sizes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal
from functools import cached_property
from typing import Literal

import attrs

from nof0_core.ids import Symbol
from nof0_core.money import EXACT, ONE, ZERO

Rounding = Literal["nearest", "down", "up"]
_MODES = {"nearest": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}


@functools.cache
def _power(exponent: int) -> Decimal:
    """Return a power of ten; so many decimals as there are in prices and sizes have few."""
    return Decimal((0, (1,), exponent))


@attrs.frozen(kw_only=True)
class MarginTier:
    """From `lower_bound` USD of notional upward, at most `max_leverage` is allowed.

    `maintenance_rate` is the part of that notional which must be there lest the position be
    liquidated, above 0 and below 1 / `max_leverage`. None: half of 1 / `max_leverage`, as it is at
    Hyperliquid (documentation, "Margining").
    """

    lower_bound: Decimal
    max_leverage: int
    maintenance_rate: Decimal | None = None

    @property
    def maintenance(self) -> Decimal:
        """Return the maintenance rate, stated or not."""
        if self.maintenance_rate is not None:
            return self.maintenance_rate
        return EXACT.divide(ONE, Decimal(2 * self.max_leverage))


def check_tiers(tiers: Sequence[MarginTier]) -> None:
    """Refuse margin tiers that cannot be reckoned with.

    A rate of 1 / `max_leverage` or more would liquidate at the entry. Where rates fell from tier to
    tier, a position could be saved by growing.

    Raises:
        ValueError: bounds do not begin at 0 or do not ascend, or a rate is out of its range or
            below that of the tier before.
    """
    bounds = [tier.lower_bound for tier in tiers]
    if bounds and (bounds[0] != 0 or sorted(set(bounds)) != bounds):
        message = "margin tiers must start at 0 USD and ascend"
        raise ValueError(message)
    last: Decimal | None = None
    for tier in tiers:
        rate = tier.maintenance
        if not (rate > 0 and EXACT.multiply(rate, Decimal(tier.max_leverage)) < 1):
            message = (
                f"the maintenance rate from {tier.lower_bound} USD must be above 0 and below"
                f" 1/{tier.max_leverage} (1 / max_leverage), got {rate}"
            )
            raise ValueError(message)
        if last is not None and rate < last:
            message = (
                f"the maintenance rate from {tier.lower_bound} USD must not be below that of the"
                f" tier before, {last:.6g}, got {rate:.6g}"
            )
            raise ValueError(message)
        last = rate


@attrs.frozen(kw_only=True, cache_hash=True)
class Instrument:
    """One perpetual and its trading rules.

    A price may have at most `price_figures` significant figures and at most `price_decimals`
    decimals; whole numbers are always allowed (Hyperliquid: tick and lot size). A size is a
    multiple of 10^-`size_decimals` coins. An order that is not reduce-only is worth at least
    `min_notional` USD. `tiers` are sorted by `lower_bound`, the first at 0; empty means one tier
    at `max_leverage`. `nof0_core.domain.margin` reckons with them. `taker_fee_bps` and
    `maker_fee_bps` are what an account that has not traded yet pays the venue in this coin, in bps
    of notional, below 0 for a rebate; None: not known.
    """

    symbol: Symbol
    size_decimals: int
    price_decimals: int
    price_figures: int = 5
    max_leverage: int
    min_notional: Decimal = Decimal(10)
    tiers: tuple[MarginTier, ...] = ()
    taker_fee_bps: Decimal | None = None
    maker_fee_bps: Decimal | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse tiers that `check_tiers` refuses."""
        check_tiers(self.tiers)

    @property
    def maintenance_schedule(self) -> tuple[tuple[Decimal, Decimal, Decimal], ...]:
        """Lower bound in USD, maintenance rate and deduction in USD of each tier, ascending."""
        return self._schedule

    @cached_property
    def _schedule(self) -> tuple[tuple[Decimal, Decimal, Decimal], ...]:
        # Under another name than one msgspec takes for a field once it is there.
        whole = MarginTier(lower_bound=ZERO, max_leverage=self.max_leverage)
        found = []
        rate = deduction = ZERO
        for tier in self.tiers or (whole,):
            step = EXACT.multiply(tier.lower_bound, EXACT.subtract(tier.maintenance, rate))
            rate, deduction = tier.maintenance, EXACT.add(deduction, step)
            found.append((tier.lower_bound, rate, deduction))
        return tuple(found)

    @property
    def lot(self) -> Decimal:
        """Smallest size step, in coins."""
        return _power(-self.size_decimals)

    def tick(self, price: Decimal) -> Decimal:
        """Return the price step that applies around `price`."""
        by_figures = price.adjusted() + 1 - self.price_figures
        return _power(max(-self.price_decimals, min(0, by_figures)))

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

    def leverage_cap(self, notional: Decimal) -> int:
        """Return the highest leverage the venue allows for a position of `notional` USD."""
        cap = self.max_leverage
        for tier in self.tiers:
            if notional >= tier.lower_bound:
                cap = tier.max_leverage
        return cap
