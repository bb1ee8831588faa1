"""An account at the prices of one moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal, localcontext

from nof0_core.domain.account import AccountState
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.margin import initial_margin, liquidation_price, positive_price
from nof0_core.domain.position import Holding, MarginMode
from nof0_core.ids import Symbol
from nof0_core.ledger.account import Account
from nof0_core.ledger.arithmetic import PRICE_STEP
from nof0_core.ledger.pools import Pool, pools
from nof0_core.ledger.position import Position
from nof0_core.money import EXACT, ZERO


def value(
    account: Account,
    marks: Mapping[Symbol, Decimal],
    time: datetime,
    instruments: Mapping[Symbol, Instrument],
    stale: Collection[Symbol] = (),
) -> AccountState:
    """Value an account at `marks` (USD per coin); holdings are in the order they were opened.

    A coin whose mark is `stale`, or that has no mark or instrument, makes it `unpriced`: the coin
    counts at the mark there is, else at its entry price.
    """
    if not account.positions:
        return _state(account, time, ())
    with localcontext(EXACT):
        unpriced = tuple(
            s for s in account.positions if s in stale or s not in marks or s not in instruments
        )
        if unpriced:
            held = account.positions
            marks = {s: held[s].entry_price for s in unpriced} | dict(marks)
            instruments = {s: _stand_in(held[s]) for s in unpriced} | dict(instruments)
        found = pools(account, marks, instruments)
        backing = {position.symbol: pool for pool in found for position in pool.positions}
        holdings = tuple(
            _holding(position, marks[symbol], backing[symbol])
            for symbol, position in account.positions.items()
        )
        return _state(account, time, holdings, unpriced)


def _stand_in(position: Position) -> Instrument:
    """Return rules for a coin the market does not list any more: its margin as it was opened."""
    return Instrument(
        symbol=position.symbol, size_decimals=8, price_decimals=8, max_leverage=position.leverage
    )


def _state(
    account: Account,
    time: datetime,
    holdings: tuple[Holding, ...],
    unpriced: tuple[Symbol, ...] = (),
) -> AccountState:
    unrealized = sum((h.unrealized_pnl for h in holdings), ZERO)
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
        margin_used=sum((h.margin for h in holdings), ZERO),
        growth=account.growth,
        holdings=holdings,
        unpriced=unpriced,
    )


def _holding(position: Position, mark: Decimal, pool: Pool) -> Holding:
    worth = position.quantity * mark
    if position.margin_mode is MarginMode.ISOLATED:
        # All it has backs it; beyond that there is nothing, however far the mark has run.
        margin = max(ZERO, pool.equity)
    else:
        margin = initial_margin(abs(worth), position.leverage)
    liquidated_at = liquidation_price(
        mark=mark,
        side=1 if position.quantity > 0 else -1,
        spare_per_coin=(pool.equity - pool.needed) / abs(position.quantity),
        rate=pool.rates[position.symbol],
    )
    return Holding(
        symbol=position.symbol,
        quantity=position.quantity,
        entry_price=position.entry_price,
        mark=mark,
        leverage=position.leverage,
        margin=margin,
        margin_mode=position.margin_mode,
        unrealized_pnl=worth - position.cost,
        liquidation_price=positive_price(liquidated_at, PRICE_STEP),
        opened_at=position.opened_at,
        exit_plan=position.plan,
        confidence=position.confidence,
        risk_usd=position.risk_usd,
        fees=position.fees,
        funding=position.funding,
        realized_pnl=position.realized_pnl,
        entry_order_id=position.entry_order_id,
        stop_id=position.stop_id,
        take_profit_id=position.take_profit_id,
        stop_order_id=position.stop_order_id,
        take_profit_order_id=position.take_profit_order_id,
        protection=position.protection,
    )
