"""Trigger orders, fired by the mark price."""

from __future__ import annotations

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import matching
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.lifecycle import cancel_by_venue, note
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, Tif, Tpsl
from nof0_provider_hyperliquid.rehearsal.accounts.order_rules import margin_refusal
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState


def fire_triggers(state: ExchangeState, account: Account) -> None:
    """Fire what the marks have reached, stops before targets."""
    armed = [
        each for each in account.live.values() if each.trigger is not None and not each.is_waiting
    ]
    for order in sorted(armed, key=_urgency):
        trigger = order.trigger
        if not order.is_live or trigger is None or order.asset.name not in state.marks:
            continue
        if trigger.fires(state.marks[order.asset.name], is_buy=order.is_buy):
            _fire(state, account, order)


def _urgency(order: Order) -> tuple[bool, int]:
    is_stop = order.trigger is not None and order.trigger.tpsl is Tpsl.SL
    return (not is_stop, order.oid)


def _fire(state: ExchangeState, account: Account, order: Order) -> None:
    """Turn a trigger into the order it carries.

    It keeps its id. A market trigger takes what its limit allows, and what it could not take is
    cancelled; one that may only reduce and has nothing to reduce is cancelled, too.
    """
    is_market = order.trigger is not None and order.trigger.is_market
    order.trigger, order.has_fired = None, True
    order.tif = Tif.GTC
    if order.takes_all:
        order.size = order.left = abs(account.held(order.asset.name))
    note(state, order, "triggered")
    if order.is_reduce_only and matching.reducible(account, order) == ZERO:
        cancel_by_venue(state, account, order, "reduceOnlyCanceled")
        return
    signed = order.left if order.is_buy else -order.left
    mark = state.marks[order.asset.name]
    if not order.is_reduce_only and margin_refusal(
        state, account, order.asset, signed, mark, order
    ):
        cancel_by_venue(state, account, order, "marginCanceled")
        return
    matching.take(state, account, order, state.next_hash())
    if order.is_live and is_market:
        is_bare = order.filled == ZERO
        cancel_by_venue(state, account, order, "iocCancelRejected" if is_bare else "canceled")
    elif order.is_live:
        note(state, order, "open")
