"""An account at the prices of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, localcontext
from typing import TypeVar

from nof0_core.domain.account import AccountState
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.position import Holding
from nof0_core.errors import DataError
from nof0_core.ids import Symbol, TraderId
from nof0_core.ledger.account import Account
from nof0_core.ledger.margin import initial_margin, liquidation_price, maintenance
from nof0_core.ledger.position import Position
from nof0_core.money import EXACT, ZERO

V = TypeVar("V")


def value(
    account: Account,
    marks: Mapping[Symbol, Decimal],
    time: datetime,
    instruments: Mapping[Symbol, Instrument],
) -> AccountState:
    """Value an account at `marks` (USD per coin); holdings are in the order they were opened.

    Raises:
        DataError: if the mark or the instrument of a held coin is missing. There is no honest
            equity without it.
    """
    if not account.positions:
        return _state(account, time, ZERO, ZERO, ())
    with localcontext(EXACT):
        unrealized = ZERO
        needed = ZERO
        rates: dict[Symbol, Decimal] = {}
        for symbol, position in account.positions.items():
            mark = _known(marks, symbol, "mark", account.trader)
            instrument = _known(instruments, symbol, "instrument", account.trader)
            worth = position.quantity * mark
            unrealized += worth - position.cost
            rule = maintenance(instrument, abs(worth))
            needed += rule.margin
            rates[symbol] = rule.rate
        spare = account.cash + unrealized - needed
        holdings = tuple(
            _holding(position, marks[symbol], spare, rates[symbol])
            for symbol, position in account.positions.items()
        )
        margin = sum((h.margin for h in holdings), ZERO)
        return _state(account, time, unrealized, margin, holdings)


def _known(values: Mapping[Symbol, V], symbol: Symbol, what: str, trader: TraderId) -> V:
    found = values.get(symbol)
    if found is None:
        message = f"no {what} for {symbol}: the account of {trader} holds it and cannot be valued"
        raise DataError(message)
    return found


def _state(
    account: Account,
    time: datetime,
    unrealized: Decimal,
    margin: Decimal,
    holdings: tuple[Holding, ...],
) -> AccountState:
    return AccountState(
        trader=account.trader,
        time=time,
        deposited=account.deposited,
        cash=account.cash,
        equity=account.cash + unrealized if holdings else account.cash,
        realized_pnl=account.realized,
        unrealized_pnl=unrealized,
        fees=account.fees,
        funding=account.funding,
        margin_used=margin,
        holdings=holdings,
    )


def _holding(position: Position, mark: Decimal, spare: Decimal, rate: Decimal) -> Holding:
    worth = position.quantity * mark
    return Holding(
        symbol=position.symbol,
        size=position.quantity,
        entry_price=position.entry_price,
        mark=mark,
        leverage=position.leverage,
        margin=initial_margin(abs(worth), position.leverage),
        unrealized_pnl=worth - position.cost,
        liquidation_price=liquidation_price(
            mark=mark, quantity=position.quantity, spare=spare, rate=rate
        ),
        opened_at=position.opened_at,
        exit_plan=position.plan,
        confidence=position.confidence,
        risk_usd=position.risk_usd,
        fees=position.fees,
        funding=position.funding,
        realized_pnl=position.realized_pnl,
        entry_venue_id=position.entry_venue_id,
        stop_id=position.stop_id,
        target_id=position.target_id,
        stop_venue_id=position.stop_venue_id,
        target_venue_id=position.target_venue_id,
        protection=position.protection,
    )
