"""How orders begin, change and end."""

from __future__ import annotations

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, Stage
from nof0_provider_hyperliquid.rehearsal.accounts.order_view import shown, update
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState

CANCELED = "canceled"


def enter(account: Account, order: Order) -> None:
    """Give an order its place in the records; it is not open yet."""
    account.orders[order.oid] = order
    if order.cloid is not None:
        account.by_cloid[order.cloid] = order


def rest(state: ExchangeState, account: Account, order: Order) -> None:
    """Make an order open."""
    order.is_live = True
    account.live[order.oid] = order
    note(state, order, "open")


def note(state: ExchangeState, order: Order, status: str) -> None:
    """Record a status of an order, and tell who listens."""
    stage = Stage(status, state.now, shown(order))
    order.stages.append(stage)
    state.tell("orderUpdates", order.user, [update(stage)])


def finish(state: ExchangeState, account: Account, order: Order, status: str) -> None:
    """End an order; what waits for it to fill ends with it."""
    order.is_live = False
    account.live.pop(order.oid, None)
    note(state, order, status)
    if order.left > ZERO:
        for child in [each for each in order.children if each.is_waiting and each.is_live]:
            finish(state, account, child, CANCELED)


def cancel_by_venue(state: ExchangeState, account: Account, order: Order, status: str) -> None:
    """End an order that its owner did not cancel, and tell so."""
    finish(state, account, order, status)
    row = {"coin": order.asset.name, "oid": order.oid}
    state.tell("userEvents", account.address, {"nonUserCancel": [row]})


def arm_children(state: ExchangeState, order: Order) -> None:
    """Arm what waited for an order to fill and was not cancelled meanwhile."""
    for child in order.children:
        if child.is_waiting and child.is_live:
            child.parent = None
            note(state, child, "open")
