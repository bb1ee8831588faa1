"""Positions, and what a trade does to them."""

from __future__ import annotations

from decimal import Decimal

from attrs import define, frozen

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import dollars
from nof0_provider_hyperliquid.rehearsal.assets import Asset


@frozen
class Margining:
    """How positions of a coin are margined."""

    is_cross: bool
    leverage: int


@define(kw_only=True)
class Position:
    """A position that is open.

    Attributes:
        szi: Signed size.
        cost: Signed notional at entry, exact to 6 decimals: entry price = cost / szi.
        raw: Cash of an isolated position: its margin - cost; 0 for cross.
        funding_all: Funding paid (negative: received) on this coin ever.
        funding_open: Since the position was opened.
        funding_change: Since its size changed.
    """

    asset: Asset
    margining: Margining
    szi: Decimal = ZERO
    cost: Decimal = ZERO
    raw: Decimal = ZERO
    funding_all: Decimal = ZERO
    funding_open: Decimal = ZERO
    funding_change: Decimal = ZERO

    @property
    def is_cross(self) -> bool:
        """Whether it shares the account's margin."""
        return self.margining.is_cross

    @property
    def size(self) -> Decimal:
        """Unsigned size."""
        return abs(self.szi)

    @property
    def entry(self) -> Decimal:
        """Average price of entry."""
        return self.cost / self.szi

    def value(self, mark: Decimal) -> Decimal:
        """Return the unsigned notional."""
        return abs(self.szi) * mark

    def gain(self, mark: Decimal) -> Decimal:
        """Return the unrealized profit."""
        return self.szi * mark - self.cost

    def initial(self, mark: Decimal) -> Decimal:
        """Return the margin in use: notional / leverage if cross, all it has if isolated."""
        if self.is_cross:
            return self.value(mark) / self.margining.leverage
        return self.raw + self.szi * mark

    def fund(self, paid: Decimal) -> None:
        """Count funding that was paid; a receipt is negative."""
        self.funding_all += paid
        self.funding_open += paid
        self.funding_change += paid


@frozen(kw_only=True)
class Effect:
    """What a trade did: profit of the part that closed, and cash that flows to the account."""

    closed_pnl: Decimal
    cash: Decimal


def reduce(position: Position, size: Decimal, price: Decimal) -> Effect:
    """Close `size` of a position at `price`; profit is exact to 6 decimals, as its cost is.

    A cross position's cash is the trade's; an isolated one gives back its share of the margin.
    """
    sign = 1 if position.szi > ZERO else -1
    is_whole = size == position.size
    cost = position.cost if is_whole else dollars(position.cost * size / position.size)
    proceeds = sign * size * price
    pnl = proceeds - cost
    margin = position.raw + position.cost
    freed = margin if is_whole else dollars(margin * size / position.size)
    position.szi -= sign * size
    position.cost -= cost
    position.funding_change = ZERO
    if position.is_cross:
        return Effect(closed_pnl=pnl, cash=proceeds)
    position.raw = margin - freed - position.cost
    return Effect(closed_pnl=pnl, cash=freed + pnl)


def increase(position: Position, signed: Decimal, price: Decimal) -> Decimal:
    """Open or add `signed` at `price`; return the cash that flows to the account (negative)."""
    bought = signed * price
    if position.szi == ZERO:
        position.funding_open = ZERO
    position.szi += signed
    position.cost += bought
    position.funding_change = ZERO
    if position.is_cross:
        return -bought
    margin = dollars(abs(bought) / position.margining.leverage)
    position.raw += margin - bought
    return -margin
