"""Orders as the info endpoint and the stream show them."""

from __future__ import annotations

from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, text
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, Stage


def shown(order: Order, *, with_children: bool = True) -> Json:
    """Return an order as `frontendOpenOrders` has it, its waiting children inside."""
    children = [
        shown(each, with_children=False)
        for each in order.children
        if each.is_waiting and each.is_live
    ]
    return {
        "coin": order.asset.name,
        "side": side(order),
        "limitPx": text(order.limit),
        "sz": text(order.left),
        "oid": order.oid,
        "timestamp": order.time,
        "triggerCondition": _condition(order),
        "isTrigger": order.trigger is not None,
        "triggerPx": "0.0" if order.trigger is None else text(order.trigger.price),
        "children": children if with_children else [],
        "isPositionTpsl": order.is_position_tied,
        "reduceOnly": order.is_reduce_only,
        "orderType": order.kind,
        "origSz": text(order.size),
        "tif": None if order.tif is None else order.tif.value,
        "cloid": order.cloid,
    }


def plain(order: Json) -> Json:
    """Return what `openOrders` tells of an order that was shown."""
    keys = ("coin", "side", "limitPx", "sz", "oid", "timestamp", "origSz")
    row = {key: order[key] for key in keys}
    if order["cloid"] is not None:
        row["cloid"] = order["cloid"]
    if order["reduceOnly"]:
        row["reduceOnly"] = True
    return row


def update(stage: Stage) -> Json:
    """Return the row of an `orderUpdates` message."""
    row = plain(stage.shown)
    row.pop("reduceOnly", None)
    return {"order": row, "status": stage.status, "statusTimestamp": stage.time}


def record(stage: Stage) -> Json:
    """Return what `orderStatus` and `historicalOrders` tell."""
    return {"order": stage.shown, "status": stage.status, "statusTimestamp": stage.time}


def side(order: Order) -> str:
    """Return `B` for a bid, `A` for an ask."""
    return "B" if order.is_buy else "A"


def _condition(order: Order) -> str:
    if order.has_fired:
        return "Triggered"
    if order.trigger is None:
        return "N/A"
    word = "above" if order.trigger.is_above(is_buy=order.is_buy) else "below"
    return f"Price {word} {order.trigger.price.normalize():f}"
