"""All variables a template may use; docs/prompts.md explains each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nof0_core.domain.context import BudgetLeft, DecisionContext
from nof0_core.domain.fence import fenced
from nof0_core.domain.position import Holding
from nof0_core.money import HUNDRED, ZERO
from nof0_core.prompts.braking import brakes, entries_left
from nof0_core.prompts.coins import CoinViews
from nof0_core.prompts.figures import cents, minutes, short
from nof0_core.prompts.limits import LimitViews
from nof0_core.prompts.past import past
from nof0_core.prompts.view import View


def variables(
    context: DecisionContext, *, name: str, coins: CoinViews, limits: LimitViews
) -> dict[str, Any]:
    """Turn a context into what templates see.

    Args:
        context: what the trader knows.
        name: the trader's name for people.
        coins: writes the series.
        limits: makes the views of limits and costs.
    """
    of_limits, costs = limits.of(context.limits)
    snapshots = context.snapshots
    first = next(iter(snapshots.values()), None)
    return {
        "trader": _trader(context, name),
        "now": f"{context.time:%Y-%m-%d %H:%M} UTC",
        "minutes_running": minutes(context.time - context.started_at),
        "account": _account(context),
        "performance": _performance(context),
        "limits": of_limits,
        "room": _room(context),
        "brakes": brakes(context),
        "costs": costs,
        "budget": _budget(context),
        "past": past(context),
        "positions": tuple(_position(context, holding) for holding in context.account.holdings),
        "coins": tuple(coins.coin(context, snapshot) for snapshot in snapshots.values()),
        "units": coins.units(first) if first is not None else (),
        "symbols": context.symbols,
        "unavailable": tuple(s for s in context.symbols if s not in snapshots),
    }


def _trader(context: DecisionContext, name: str) -> View:
    every = context.decision_interval
    between = None if every is None else round(every.total_seconds() / 60, 1)
    return View("trader", id=context.trader, name=name, minutes_between=short(between))


def _account(context: DecisionContext) -> View:
    account = context.account
    return View(
        "account",
        equity=cents(account.equity),
        cash=cents(account.cash),
        available=cents(account.available),
        deposited=cents(account.deposited),
        margin_used=cents(account.margin_used),
        margin_used_pct=cents(account.margin_used_pct),
        return_pct=cents(account.return_pct),
        realized_pnl=cents(account.net_realized_pnl),
        unrealized_pnl=cents(account.unrealized_pnl),
        fees=cents(account.fees),
        funding=cents(account.funding),
    )


def _performance(context: DecisionContext) -> View:
    done = context.performance
    return View(
        "performance",
        sharpe_ratio=round(done.sharpe_ratio, 3),
        win_rate=round(done.win_rate, 1),
        max_drawdown_pct=round(done.max_drawdown_pct, 2),
        total_pnl=cents(done.total_pnl),
        trades=done.trades,
        cycles=done.cycles,
    )


def _room(context: DecisionContext) -> View:
    limits, account = context.limits, context.account
    allowed = account.equity * limits.max_margin_usage_pct / HUNDRED - account.margin_used
    margin = max(ZERO, min(allowed, account.available))
    positions = max(0, limits.max_positions - len(account.holdings))
    today = entries_left(context)
    caps = (positions, limits.max_new_positions_per_cycle, today)
    entries = min(cap for cap in caps if cap is not None)
    if context.brakes is not None and context.brakes.active:
        entries = 0
    return View(
        "room",
        positions=positions,
        new_positions=entries,
        entries_today=today,
        margin_usd=cents(margin),
    )


def _budget(context: DecisionContext) -> View:
    left = context.budget or BudgetLeft()
    return View("budget", usd=None if left.usd is None else cents(left.usd), tokens=left.tokens)


def _position(context: DecisionContext, holding: Holding) -> View:
    instrument = context.instruments[holding.symbol]
    plan = holding.exit_plan
    tick = instrument.tick(holding.mark)

    def price(value: Decimal | None) -> Decimal | None:
        return None if value is None else value.quantize(tick)

    return View(
        "position",
        symbol=holding.symbol,
        side="long" if holding.is_long else "short",
        size=abs(holding.quantity).quantize(instrument.lot),
        entry=price(holding.entry_price),
        mark=price(holding.mark),
        notional=cents(holding.notional),
        leverage=holding.leverage,
        margin=cents(holding.margin),
        margin_mode=holding.margin_mode.value,
        unrealized_pnl=cents(holding.unrealized_pnl),
        liquidation=price(holding.liquidation_price),
        minutes_held=minutes(context.time - holding.opened_at),
        stop_loss=price(plan.stop_loss),
        take_profit=price(plan.take_profit),
        invalidation=fenced(plan.invalidation_condition) if plan.invalidation_condition else None,
        confidence=round(holding.confidence, 1),
        risk_usd=cents(holding.risk_usd),
        fees=cents(holding.fees),
        funding=cents(holding.funding),
        watched_by=holding.protection.value,
    )
