"""Orders as they are sent, and what is wrong with one before it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderRequest, Side, TimeInForce, Trigger, TriggerKind
from nof0_provider_hyperliquid.signing.wallet import Action
from nof0_provider_hyperliquid.wire.cloid import cloid_of

_TIF = {TimeInForce.IOC: "Ioc", TimeInForce.GTC: "Gtc", TimeInForce.ALO: "Alo"}
_TPSL = {TriggerKind.STOP: "sl", TriggerKind.TARGET: "tp"}


def fault(order: OrderRequest, rules: Instrument) -> str:
    """Say why the venue would not take an order as it stands; empty if it may.

    A size of 0 means everything to the venue where an order only reduces: nobody here asks for
    that, so it can only be a size that was rounded away. Nothing is rounded here.
    """
    if order.size == 0:
        return "the size is 0"
    if not rules.is_valid_size(order.size):
        return f"the size {order.size} is no whole number of lots of {rules.lot} {order.symbol}"
    if not rules.is_valid_price(order.limit_price):
        return _off_tick("price", order.limit_price, rules)
    trigger = order.trigger
    if trigger is None:
        return ""
    if not rules.is_valid_price(trigger.price):
        return _off_tick("trigger", trigger.price, rules)
    beyond = (order.limit_price - trigger.price) * order.side.sign
    if not trigger.is_market and order.tif is not TimeInForce.GTC:
        return "the venue lets an order rest whose trigger is not a market one: its tif must be gtc"
    if trigger.is_market and beyond < 0:
        return f"the limit {order.limit_price} is short of the trigger {trigger.price}"
    return ""


def order_action(orders: Sequence[tuple[OrderRequest, int]]) -> Action:
    """Return the action that places orders, each with the number of its asset.

    They are never grouped: the venue would place no stop of an entry that filled in part.
    """
    wires = [_wire(order, number) for order, number in orders]
    return {"type": "order", "orders": wires, "grouping": "na"}


def cancel_action(cancels: Sequence[tuple[str, int]]) -> Action:
    """Return the action that cancels orders by cloid, each with the number of its asset."""
    rows = [{"asset": number, "cloid": cloid} for cloid, number in cancels]
    return {"type": "cancelByCloid", "cancels": rows}


def amount(value: Decimal) -> str:
    """Return a decimal as it is hashed: no zeros at its end, no exponent, no sign of zero."""
    return f"{value.normalize():f}" if value else "0"


def _wire(order: OrderRequest, number: int) -> Mapping[str, Any]:
    return {
        "a": number,
        "b": order.side is Side.BUY,
        "p": amount(order.limit_price),
        "s": amount(order.size),
        "r": order.is_reduce_only,
        "t": {"limit": {"tif": _TIF[order.tif]}}
        if order.trigger is None
        else {"trigger": _trigger(order.trigger)},
        "c": cloid_of(order.client_id),
    }


def _trigger(trigger: Trigger) -> Mapping[str, Any]:
    # The keys are hashed in this order.
    return {
        "isMarket": trigger.is_market,
        "triggerPx": amount(trigger.price),
        "tpsl": _TPSL[trigger.kind],
    }


def _off_tick(what: str, price: Decimal, rules: Instrument) -> str:
    if price <= 0:
        return f"the {what} {price} is none"
    return f"the {what} {price} is no multiple of the tick {rules.tick(price)} there"
