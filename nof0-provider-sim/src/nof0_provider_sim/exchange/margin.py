"""Margin of the paper account (Hyperliquid documentation, "Margining", "Liquidations")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.margin import (
    initial_margin,
    liquidation_price,
    maintenance,
    positive_price,
)
from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.ids import Symbol
from nof0_core.money import EXACT, ZERO
from nof0_provider_sim.exchange import refusals
from nof0_provider_sim.exchange.account import PRICE_STEP, Account, Position
from nof0_provider_sim.exchange.book import Order
from nof0_provider_sim.exchange.pool import pools

Marks = Mapping[Symbol, Decimal]
Instruments = Mapping[Symbol, Instrument]


def used(account: Account, marks: Marks, instruments: Instruments) -> Decimal:
    """Return the margin of all positions at their marks, in USD.

    That is notional / leverage of a cross position, and all an isolated one has.
    """
    total = ZERO
    for symbol, position in account.positions.items():
        total += _used(position, marks[symbol], account.leverage(instruments[symbol]))
    return total


def reserved(account: Account, orders: Iterable[Order], instruments: Instruments) -> Decimal:
    """Return what waiting orders that may open positions hold back: size x limit / leverage."""
    return sum(
        (
            _held_back(account, order, account.leverage(instruments[order.taken.symbol]))
            for order in orders
            if not order.taken.is_reduce_only
        ),
        ZERO,
    )


def free(account: Account, marks: Marks, instruments: Instruments, reserve: Decimal) -> Decimal:
    """Return what new positions may use: cross equity - initial margins - `reserve`, in USD."""
    return account.equity(marks) - used(account, marks, instruments) - reserve


def refusal(
    *,
    account: Account,
    instruments: Instruments,
    marks: Marks,
    reserve: Decimal,
    symbol: Symbol,
    signed: Decimal,
    price: Decimal,
    fee: Decimal,
) -> str | None:
    """Return why a trade may not happen, None if it may.

    Only trades that open or add are checked. Cross: after the trade, cross equity must cover the
    initial margin of all cross positions and the `reserve` of other waiting orders. Isolated: the
    margin of the part that opens must be free before, and must not be liquidated at once.
    """
    held = account.quantity(symbol)
    after = held + signed
    if held * after >= 0 and abs(after) <= abs(held):
        return None
    instrument, mark = instruments[symbol], marks[symbol]
    leverage = account.leverage(instrument)
    if leverage > instrument.leverage_cap(abs(after) * mark):
        return refusals.TIER
    if account.mode(symbol) is MarginMode.ISOLATED:
        spare = free(account, marks, instruments, reserve)
        is_covered = _covers_isolated(account, instrument, mark, spare, signed, price, fee)
        return None if is_covered else refusals.MARGIN
    before = account.positions.get(symbol)
    bound = _used(before, mark, leverage) if before is not None else ZERO
    change = signed * (mark - price) - fee
    needed = initial_margin(abs(after) * mark, leverage) - bound
    spare = free(account, marks, instruments, reserve) + change
    return refusals.MARGIN if spare < needed else None


def positions(account: Account, marks: Marks, instruments: Instruments) -> list[VenuePosition]:
    """Return all positions valued at their marks, by symbol."""
    spare: dict[Symbol, Decimal] = {}
    for pool in pools(account):
        rest = pool.spare(marks, instruments)
        spare.update(dict.fromkeys(pool.positions, rest))
    shown = []
    for symbol in sorted(account.positions):
        position, mark = account.positions[symbol], marks[symbol]
        leverage = account.leverage(instruments[symbol])
        is_cross = position.raw_usd is None
        shown.append(
            VenuePosition(
                symbol=symbol,
                quantity=position.quantity,
                entry_price=position.entry_price,
                leverage=leverage,
                margin_used=_used(position, mark, leverage),
                unrealized_pnl=position.unrealized(mark),
                liquidation_price=_liquidation(
                    position.quantity, mark, spare[symbol], instruments[symbol]
                ),
                margin_mode=MarginMode.CROSS if is_cross else MarginMode.ISOLATED,
            )
        )
    return shown


def can_lower(
    account: Account,
    marks: Marks,
    instruments: Instruments,
    symbol: Symbol,
    leverage: int,
    waiting: Sequence[Order],
) -> bool:
    """Return whether there is margin for a lower leverage of a coin.

    An isolated position must have it by itself. A cross one finds it in what is free of the account
    beside what `waiting` orders hold back, as do the orders of that coin, which then hold back
    more.
    """
    current = account.leverage(instruments[symbol])
    needed = sum(
        (
            _held_back(account, order, leverage) - _held_back(account, order, current)
            for order in waiting
            if order.taken.symbol == symbol and not order.taken.is_reduce_only
        ),
        ZERO,
    )
    position = account.positions.get(symbol)
    if position is not None:
        margin = initial_margin(abs(position.quantity) * marks[symbol], leverage)
        bound = _used(position, marks[symbol], current)
        if position.raw_usd is None:
            needed += margin - bound
        elif bound < margin:
            return False
    spare = free(account, marks, instruments, reserved(account, waiting, instruments))
    return not needed or spare >= needed


def _held_back(account: Account, order: Order, leverage: int) -> Decimal:
    """Return the margin that an order which may open a position holds back while it waits."""
    left = order.left(account.quantity(order.taken.symbol))
    return initial_margin(abs(left) * order.taken.limit_price, leverage)


def _used(position: Position, mark: Decimal, leverage: int) -> Decimal:
    if position.raw_usd is not None:
        return position.raw_usd + position.quantity * mark
    return initial_margin(abs(position.quantity) * mark, leverage)


def _covers_isolated(
    account: Account,
    instrument: Instrument,
    mark: Decimal,
    spare: Decimal,
    signed: Decimal,
    price: Decimal,
    fee: Decimal,
) -> bool:
    """Return whether `spare` USD suffice for a trade that enlarges an isolated position."""
    held = account.positions.get(instrument.symbol)
    quantity, raw = (held.quantity, held.raw_usd or ZERO) if held is not None else (ZERO, ZERO)
    own, opening = raw + quantity * mark, signed
    if quantity * signed < 0:
        # The old position goes first and gives back what it is worth at this price.
        opening, spare, own = signed + quantity, spare + raw + quantity * price, ZERO
    margin = initial_margin(abs(opening) * price, account.leverage(instrument))
    own += margin - fee + opening * (mark - price)
    after = abs(quantity + signed) * mark
    return spare >= margin and own >= maintenance(instrument, after).margin


def _liquidation(
    quantity: Decimal, mark: Decimal, spare: Decimal, instrument: Instrument
) -> Decimal | None:
    """Return where a position is liquidated, rounded to 10 decimals; None where no price does it.

    `spare` is the equity that backs the position minus the maintenance margins it must cover.
    """
    price = liquidation_price(
        mark=mark,
        side=1 if quantity > 0 else -1,
        spare_per_coin=EXACT.divide(spare, abs(quantity)),
        rate=maintenance(instrument, abs(quantity) * mark).rate,
    )
    return positive_price(price, PRICE_STEP)
