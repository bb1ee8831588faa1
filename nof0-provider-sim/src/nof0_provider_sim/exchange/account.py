"""Cash and positions of the paper account, exact to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

import attrs

from nof0_core.domain.instrument import Instrument
from nof0_core.ids import Symbol
from nof0_core.money import EXACT, ZERO

PRICE_STEP = Decimal("1E-10")
"""Average prices are rounded to 10 decimals; profit never is, see `Position.cost`."""
_DEFAULT_LEVERAGE = 20
"""Leverage of a coin nobody has set; the venue uses 20, or the coin's maximum if that is lower."""


@attrs.frozen(kw_only=True)
class Position:
    """A net position. `size` is signed; `cost` is what was paid for it in USD, signed like it.

    Keeping the cost, not an average price, makes profit exact: unrealised = size x mark - cost.
    """

    size: Decimal
    cost: Decimal

    @property
    def entry_price(self) -> Decimal:
        """Return the average price paid, rounded to 10 decimals."""
        return EXACT.divide(self.cost, self.size).quantize(PRICE_STEP, ROUND_HALF_EVEN, EXACT)

    def unrealized(self, mark: Decimal) -> Decimal:
        """Return the profit at `mark`, in USD."""
        return self.size * mark - self.cost


class Account:
    """One cross-margin account. Money in USD.

    `raw_usd` = initial balance - Σ size bought x price - fees + funding, as Hyperliquid's
    `totalRawUsd`. `realized` is gross of fees. Always: raw_usd + Σ size x mark
    = initial + realized - fees + funding + Σ unrealised.
    """

    def __init__(self, initial: Decimal) -> None:
        self.initial = initial
        self.raw_usd = initial
        self.realized = ZERO
        self.fees = ZERO
        self.funding = ZERO
        self.positions: dict[Symbol, Position] = {}
        self._leverage: dict[Symbol, int] = {}

    def size(self, symbol: Symbol) -> Decimal:
        """Return the signed position in a coin, 0 if there is none."""
        position = self.positions.get(symbol)
        return position.size if position else ZERO

    def leverage(self, instrument: Instrument) -> int:
        """Return the leverage set for a coin."""
        default = min(_DEFAULT_LEVERAGE, instrument.max_leverage)
        return self._leverage.get(instrument.symbol, default)

    def set_leverage(self, symbol: Symbol, leverage: int) -> None:
        """Remember the leverage of a coin."""
        self._leverage[symbol] = leverage

    def trade(self, symbol: Symbol, signed: Decimal, price: Decimal, fee: Decimal) -> None:
        """Book an execution; `signed` coins are bought (positive) or sold (negative)."""
        self.raw_usd -= signed * price + fee
        self.fees += fee
        held = self.positions.get(symbol, Position(size=ZERO, cost=ZERO))
        closing = _opposite_part(held.size, signed)
        if closing:
            # The whole cost leaves with the whole position, so nothing is left over by rounding.
            share = EXACT.divide(held.cost * -closing, held.size)
            is_all = held.size == -closing
            released = held.cost if is_all else share.quantize(PRICE_STEP, ROUND_HALF_EVEN, EXACT)
            self.realized += -closing * price - released
            held = Position(size=held.size + closing, cost=held.cost - released)
        opening = signed - closing
        held = Position(size=held.size + opening, cost=held.cost + opening * price)
        if held.size:
            self.positions[symbol] = held
        else:
            self.positions.pop(symbol, None)

    def receive_funding(self, amount: Decimal) -> None:
        """Book a funding payment; negative amounts were paid."""
        self.raw_usd += amount
        self.funding += amount

    def equity(self, marks: Mapping[Symbol, Decimal]) -> Decimal:
        """Return the account value; `marks` has every coin held."""
        return self.raw_usd + sum((p.size * marks[s] for s, p in self.positions.items()), ZERO)


def _opposite_part(size: Decimal, signed: Decimal) -> Decimal:
    """Return the part of a trade that closes a position of `size`, signed like the trade."""
    if not size or (size > 0) == (signed > 0):
        return ZERO
    return signed if abs(signed) <= abs(size) else -size
