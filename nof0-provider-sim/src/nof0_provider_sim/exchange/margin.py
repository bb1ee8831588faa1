"""Margin of the paper account, cross only (Hyperliquid documentation, "Margining")."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.position import VenuePosition
from nof0_core.ids import Symbol
from nof0_core.money import EXACT, USD, ZERO
from nof0_provider_sim.exchange import refusals
from nof0_provider_sim.exchange.account import PRICE_STEP, Account
from nof0_provider_sim.exchange.book import Order

Marks = Mapping[Symbol, Decimal]
Instruments = Mapping[Symbol, Instrument]


def initial_margin(size: Decimal, price: Decimal, leverage: int) -> Decimal:
    """Return |size| x price / leverage in USD, rounded up to 6 decimals."""
    return EXACT.divide(abs(size) * price, Decimal(leverage)).quantize(USD, ROUND_UP, EXACT)


def used(account: Account, marks: Marks, instruments: Instruments) -> Decimal:
    """Return the initial margin of all positions at their marks, in USD."""
    return sum(
        (
            initial_margin(p.size, marks[s], account.leverage(instruments[s]))
            for s, p in account.positions.items()
        ),
        ZERO,
    )


def reserved(account: Account, orders: list[Order], instruments: Instruments) -> Decimal:
    """Return what waiting orders that may open positions hold back: size x limit / leverage."""
    return sum(
        (
            initial_margin(
                order.left,
                order.taken.limit_price,
                account.leverage(instruments[order.taken.symbol]),
            )
            for order in orders
            if not order.taken.is_reduce_only
        ),
        ZERO,
    )


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

    Only trades that open or add are checked: after the trade, equity must cover the initial margin
    of all positions and the `reserve` of other waiting orders.
    """
    held = account.size(symbol)
    after = held + signed
    if held * after >= 0 and abs(after) <= abs(held):
        return None
    instrument, mark = instruments[symbol], marks[symbol]
    leverage = account.leverage(instrument)
    if leverage > instrument.leverage_cap(abs(after) * mark):
        return refusals.TIER
    others = {s: p for s, p in account.positions.items() if s != symbol}
    needed = reserve + initial_margin(after, mark, leverage)
    for other, position in others.items():
        needed += initial_margin(position.size, marks[other], account.leverage(instruments[other]))
    equity = account.equity(marks) + signed * (mark - price) - fee
    return refusals.MARGIN if equity < needed else None


def positions(account: Account, marks: Marks, instruments: Instruments) -> list[VenuePosition]:
    """Return all positions valued at their marks, by symbol."""
    spare = account.equity(marks)
    for symbol, position in account.positions.items():
        spare -= instruments[symbol].maintenance_margin(abs(position.size) * marks[symbol])
    shown = []
    for symbol in sorted(account.positions):
        position, mark = account.positions[symbol], marks[symbol]
        leverage = account.leverage(instruments[symbol])
        shown.append(
            VenuePosition(
                symbol=symbol,
                size=position.size,
                entry_price=position.entry_price,
                leverage=leverage,
                margin_used=initial_margin(position.size, mark, leverage),
                unrealized_pnl=position.unrealized(mark),
                liquidation_price=_liquidation(position.size, mark, spare, instruments[symbol]),
            )
        )
    return shown


def _liquidation(
    size: Decimal, mark: Decimal, spare: Decimal, instrument: Instrument
) -> Decimal | None:
    """Return mark - side x spare / |size| / (1 - rate x side), None where it is not positive.

    `spare` is equity minus all maintenance margins; `rate` half of 1/leverage of the tier.
    """
    side = 1 if size > 0 else -1
    rate = EXACT.divide(Decimal(1), Decimal(2 * instrument.leverage_cap(abs(size) * mark)))
    price = mark - EXACT.divide(EXACT.divide(spare, size), 1 - rate * side)
    return price.quantize(PRICE_STEP, ROUND_HALF_EVEN, EXACT) if price > 0 else None
