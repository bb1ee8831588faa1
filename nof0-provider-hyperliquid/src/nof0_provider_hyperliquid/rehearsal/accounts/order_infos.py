"""What the info endpoint tells of orders."""

from __future__ import annotations

from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, Stage
from nof0_provider_hyperliquid.rehearsal.accounts.order_view import plain, record, shown
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState

OPEN = frozenset({"open", "triggered"})
"""Statuses of orders that have not ended."""


def open_orders(state: ExchangeState, account: Account, dex: str) -> list[Json]:
    """Return the open orders of a dex, newest first."""
    return [plain(each) for each in frontend_open_orders(state, account, dex)]


def frontend_open_orders(state: ExchangeState, account: Account, dex: str) -> list[Json]:
    """Return the open orders of a dex with all that is known of them, newest first.

    Children of an order that has not filled are listed twice: on their own and inside it.
    """
    rows = []
    for order in reversed(account.orders.values()):
        stage = seen(state, order)
        if order.asset.dex == dex and stage is not None and stage.status in OPEN:
            rows.append(_shown(order, stage))
    return rows


def order_status(state: ExchangeState, account: Account, key: int | str) -> Json:
    """Return what became of an order, by its oid or cloid, as far as it can be seen yet."""
    order = account.orders.get(key) if isinstance(key, int) else account.by_cloid.get(key.lower())
    stage = None if order is None else seen(state, order)
    if order is None or stage is None:
        return {"status": "unknownOid"}
    return {"status": "order", "order": {**record(stage), "order": _shown(order, stage)}}


def historical_orders(state: ExchangeState, account: Account) -> list[Json]:
    """Return each order once per status it had, newest first, up to a page."""
    until = state.now - state.rules.info_lag_ms
    rows: list[Stage] = []
    for order in account.orders.values():
        once = {each.status: each for each in order.stages if each.time <= until}
        rows.extend(once.values())
    rows.sort(key=lambda each: each.time)
    return [record(each) for each in reversed(rows[-state.rules.orders_page :])]


def seen(state: ExchangeState, order: Order) -> Stage | None:
    """Return the newest status that the info endpoint knows, which may lie behind."""
    until = state.now - state.rules.info_lag_ms
    for stage in reversed(order.stages):
        if stage.time <= until:
            return stage
    return None


def _shown(order: Order, stage: Stage) -> Json:
    """Return an order as of a stage; of the newest one with the children it has by now."""
    return shown(order) if stage is order.stages[-1] else stage.shown
