"""What a trader has once a close that was approved is filled."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.brakes import BrakeState
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.position import Holding
from nof0_core.ids import Symbol
from nof0_core.risk.costs import entry_costs


def after_close(context: DecisionContext, symbol: Symbol) -> DecisionContext:
    """Return what is known once the position in a coin is closed at its mark.

    Fee and expected slippage of closing are paid, the margin is free, and the coin was closed now.
    A coin that is not held changes nothing.
    """
    holding = context.holding(symbol)
    if holding is None:
        return context
    costs = holding.notional * entry_costs(context.limits)
    return attrs.evolve(
        context,
        account=_without(context.account, holding, costs),
        brakes=_closed(context, symbol),
    )


def _without(account: AccountState, holding: Holding, costs: Decimal) -> AccountState:
    # As `attrs.evolve`, which takes twice as long.
    return AccountState(
        trader=account.trader,
        time=account.time,
        deposited=account.deposited,
        cash=account.cash + holding.unrealized_pnl - costs,
        equity=account.equity - costs,
        realized_pnl=account.realized_pnl + holding.unrealized_pnl,
        unrealized_pnl=account.unrealized_pnl - holding.unrealized_pnl,
        fees=account.fees + costs,
        funding=account.funding,
        margin_used=account.margin_used - holding.margin,
        growth=account.growth,
        holdings=tuple([each for each in account.holdings if each is not holding]),
        unpriced=account.unpriced,
    )


def _closed(context: DecisionContext, symbol: Symbol) -> BrakeState | None:
    if context.brakes is None:
        return None
    brakes = context.brakes
    return BrakeState(
        active=brakes.active,
        day_loss_pct=brakes.day_loss_pct,
        drawdown_pct=brakes.drawdown_pct,
        entries_today=brakes.entries_today,
        closed_at={**brakes.closed_at, symbol: context.time},
    )
