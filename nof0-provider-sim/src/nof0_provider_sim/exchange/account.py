"""Cash and positions of the paper account, exact to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import attrs

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.margin import initial_margin
from nof0_core.domain.position import MarginMode
from nof0_core.ids import Symbol
from nof0_core.money import EXACT, USD, ZERO
from nof0_provider_sim.exchange.parts import Part

PRICE_STEP = Decimal("1E-10")
"""Average prices are rounded to 10 decimals; profit never is, see `Position.cost`."""
_DEFAULT_LEVERAGE = 20
"""Leverage of a coin nobody has set; the venue uses 20, or the coin's maximum if that is lower."""


@attrs.frozen(kw_only=True)
class Position:
    """A net position. `quantity` is signed; `cost` is what was paid for it in USD, signed like it.

    Keeping the cost, not an average price, makes profit exact: unrealised = quantity x mark - cost.
    `raw_usd` is the position's own cash where its margin is isolated, as Hyperliquid's `rawUsd`:
    its margin at a mark is `raw_usd` + quantity x mark. None for a cross position.
    """

    quantity: Decimal
    cost: Decimal
    raw_usd: Decimal | None = None

    @property
    def entry_price(self) -> Decimal:
        """Return the average price paid, rounded to 10 decimals."""
        return EXACT.divide(self.cost, self.quantity).quantize(PRICE_STEP, ROUND_HALF_EVEN, EXACT)

    def unrealized(self, mark: Decimal) -> Decimal:
        """Return the profit at `mark`, in USD."""
        return self.quantity * mark - self.cost


def worth(positions: Mapping[Symbol, Position], marks: Mapping[Symbol, Decimal]) -> Decimal:
    """Return the value of positions at their marks, in USD."""
    total = ZERO
    for symbol, position in positions.items():
        total += position.quantity * marks[symbol]
    return total


class Account:
    """One account with cross and isolated positions. Money in USD.

    `raw_usd` = initial balance - Σ quantity bought x price - fees + funding, as Hyperliquid's
    `totalRawUsd`; the part of it that isolated positions do not hold backs all cross positions.
    `realized` is gross of fees. Always: raw_usd + Σ quantity x mark
    = initial + realized - fees + funding + Σ unrealised. `version` grows with every change.
    """

    def __init__(self, initial: Decimal) -> None:
        self.initial = initial
        self.raw_usd = initial
        self.realized = ZERO
        self.fees = ZERO
        self.funding = ZERO
        self.positions: dict[Symbol, Position] = {}
        self.version = 0
        self._leverage: dict[Symbol, int] = {}
        self._isolated: set[Symbol] = set()

    def quantity(self, symbol: Symbol) -> Decimal:
        """Return the signed quantity held of a coin, 0 if there is none."""
        position = self.positions.get(symbol)
        return position.quantity if position else ZERO

    def leverage(self, instrument: Instrument) -> int:
        """Return the leverage set for a coin."""
        default = min(_DEFAULT_LEVERAGE, instrument.max_leverage)
        return self._leverage.get(instrument.symbol, default)

    def mode(self, symbol: Symbol) -> MarginMode:
        """Return the margin mode set for a coin, cross if nobody has set it."""
        return MarginMode.ISOLATED if symbol in self._isolated else MarginMode.CROSS

    def set_leverage(self, symbol: Symbol, leverage: int, mode: MarginMode) -> None:
        """Remember leverage and margin mode of a coin; an open position keeps its margin."""
        self._leverage[symbol] = leverage
        if mode is MarginMode.ISOLATED:
            self._isolated.add(symbol)
        else:
            self._isolated.discard(symbol)
        self.version += 1

    def trade(
        self,
        symbol: Symbol,
        signed: Decimal,
        price: Decimal,
        fee: Decimal,
        *,
        keeps_margin: bool = False,
    ) -> None:
        """Book an execution; `signed` coins are bought (positive) or sold (negative).

        An isolated position that opens takes notional / leverage from the cross cash and pays the
        fee from it; one that is reduced gives back its margin in proportion and the fee comes from
        what is given back. With `keeps_margin` (a forced reduction) everything stays in it.
        """
        self.raw_usd -= signed * price + fee
        self.fees += fee
        held = self.positions.get(symbol) or Position(
            quantity=ZERO, cost=ZERO, raw_usd=self._own(symbol)
        )
        closing = _opposite_part(held.quantity, signed)
        opening = signed - closing
        if closing:
            held = self._closed(held, closing, price, fee if keeps_margin else None)
        if opening:
            open_fee = fee if not closing else _part(fee, opening, signed, USD)
            held = self._opened(symbol, held, opening, price, open_fee)
        if held.quantity:
            self.positions[symbol] = held
        else:
            self.positions.pop(symbol, None)
        self.version += 1

    def receive_funding(self, symbol: Symbol, amount: Decimal) -> None:
        """Book a funding payment on a coin; negative amounts were paid."""
        self.raw_usd += amount
        self.funding += amount
        held = self.positions.get(symbol)
        if held is not None and held.raw_usd is not None:
            self.positions[symbol] = attrs.evolve(held, raw_usd=held.raw_usd + amount)
        self.version += 1

    def equity(self, marks: Mapping[Symbol, Decimal]) -> Decimal:
        """Return the account value; `marks` has every coin held."""
        return self.raw_usd + worth(self.positions, marks)

    @property
    def cross_raw_usd(self) -> Decimal:
        """Return the cash that no isolated position holds."""
        return self.raw_usd - sum((p.raw_usd or ZERO for p in self.positions.values()), ZERO)

    def is_consistent(self) -> bool:
        """Return whether both ways to the account's value agree to the last digit."""
        cost = ZERO
        for position in self.positions.values():
            cost += position.cost
        return self.raw_usd + cost == self.initial + self.realized - self.fees + self.funding

    def dump(self) -> dict[str, Any]:
        """Return all of it but the initial balance, as JSON can hold it; coins are sorted."""
        return {
            "raw_usd": str(self.raw_usd),
            "realized": str(self.realized),
            "fees": str(self.fees),
            "funding": str(self.funding),
            "positions": {
                symbol: {
                    "quantity": str(held.quantity),
                    "cost": str(held.cost),
                    "raw_usd": None if held.raw_usd is None else str(held.raw_usd),
                }
                for symbol, held in sorted(self.positions.items())
            },
            "leverage": dict(sorted(self._leverage.items())),
            "modes": dict.fromkeys(sorted(self._isolated), MarginMode.ISOLATED),
        }

    def restore(self, part: Part) -> None:
        """Become what `dump` returned.

        Raises:
            ValueError: it is not that, or does not add up.
        """
        self.raw_usd = part.amount("raw_usd")
        self.realized = part.amount("realized")
        self.fees = part.amount("fees")
        self.funding = part.amount("funding")
        positions = part.part("positions")
        for symbol in positions:
            held = positions.part(symbol)
            self.positions[Symbol(symbol)] = Position(
                quantity=held.amount("quantity"),
                cost=held.amount("cost"),
                raw_usd=held.maybe(held.amount, "raw_usd"),
            )
        leverage, modes = part.part("leverage"), part.part("modes")
        self._leverage = {Symbol(symbol): leverage.whole(symbol) for symbol in leverage}
        chosen = {Symbol(symbol): modes.choice(symbol, MarginMode) for symbol in modes}
        self._isolated = {symbol for symbol, mode in chosen.items() if mode is MarginMode.ISOLATED}
        if not self.is_consistent():
            msg = "the account's cash is not what its trades, fees and funding add up to"
            raise ValueError(msg)

    def _own(self, symbol: Symbol) -> Decimal | None:
        return ZERO if symbol in self._isolated else None

    def _closed(
        self, held: Position, closing: Decimal, price: Decimal, kept_fee: Decimal | None
    ) -> Position:
        # The whole cost leaves with the whole position, so nothing is left over by rounding.
        released = _part(held.cost, -closing, held.quantity, PRICE_STEP)
        self.realized += -closing * price - released
        raw = held.raw_usd
        if raw is not None and held.quantity == -closing:
            raw = ZERO
        elif raw is not None and kept_fee is not None:
            raw -= closing * price + kept_fee
        elif raw is not None:
            raw -= _part(raw, -closing, held.quantity, PRICE_STEP)
        return Position(quantity=held.quantity + closing, cost=held.cost - released, raw_usd=raw)

    def _opened(
        self, symbol: Symbol, held: Position, opening: Decimal, price: Decimal, fee: Decimal
    ) -> Position:
        raw = held.raw_usd if held.quantity else self._own(symbol)
        if raw is not None:
            margin = initial_margin(abs(opening) * price, self._leverage[symbol])
            raw += margin - opening * price - fee
        return Position(
            quantity=held.quantity + opening, cost=held.cost + opening * price, raw_usd=raw
        )


def _part(amount: Decimal, part: Decimal, whole: Decimal, step: Decimal) -> Decimal:
    """Return amount x part / whole on the grid of `step`; exactly `amount` for the whole."""
    if part == whole:
        return amount
    return EXACT.divide(amount * part, whole).quantize(step, ROUND_HALF_EVEN, EXACT)


def _opposite_part(held: Decimal, signed: Decimal) -> Decimal:
    """Return the part of a trade that closes a position of `held`, signed like the trade."""
    if not held or (held > 0) == (signed > 0):
        return ZERO
    return signed if abs(signed) <= abs(held) else -held
