"""What a trader has once a close that was approved is filled."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.domain.account import AccountState
from nof0_core.domain.brakes import BrakeState
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.evolving import evolved
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
    return evolved(
        context,
        account=_without(context.account, holding, costs),
        brakes=_closed(context, symbol),
    )


def _without(account: AccountState, holding: Holding, costs: Decimal) -> AccountState:
    return evolved(
        account,
        cash=account.cash + holding.unrealized_pnl - costs,
        equity=account.equity - costs,
        realized_pnl=account.realized_pnl + holding.unrealized_pnl,
        unrealized_pnl=account.unrealized_pnl - holding.unrealized_pnl,
        fees=account.fees + costs,
        margin_used=account.margin_used - holding.margin,
        holdings=tuple([each for each in account.holdings if each is not holding]),
    )


def _closed(context: DecisionContext, symbol: Symbol) -> BrakeState | None:
    if context.brakes is None:
        return None
    closed_at = {**context.brakes.closed_at, symbol: context.time}
    return evolved(context.brakes, closed_at=closed_at)
