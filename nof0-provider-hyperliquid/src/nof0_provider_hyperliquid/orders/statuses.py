"""What the venue says of each order of an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nof0_core.domain.order import OrderRequest, OrderStatus, TimeInForce
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.errors import DataError
from nof0_provider_hyperliquid.wire.reading import bad, number, price, record, shown, whole

WAITING = frozenset({"waitingForFill", "waitingForTrigger"})
"""What is said of orders that were taken and got no id yet."""
_LARGEST_OID = 2**63


def outcomes(orders: Sequence[OrderRequest], response: Mapping[str, Any]) -> list[OrderOutcome]:
    """Return what came of the orders of an action, one for each, in their order.

    An order the answer does not plainly tell of is `unknown`: all, where there are more or fewer
    statuses than orders and no cloid says which is whose. One order's strange status is no other's.
    """
    statuses = _statuses(response)
    if len(statuses) == len(orders):
        return [outcome(order, status) for order, status in zip(orders, statuses, strict=True)]
    named = {cloid: status for status in statuses if (cloid := _cloid(status)) is not None}
    return [
        outcome(order, named[order.client_id])
        if order.client_id in named
        else _unknown(order, f"{len(statuses)} statuses came back for {len(orders)} orders")
        for order in orders
    ]


def outcome(order: OrderRequest, status: object) -> OrderOutcome:
    """Return what one status says of an order."""
    try:
        return _read(order, status)
    except DataError as error:
        return _unknown(order, str(error))


def refusals(count: int, response: Mapping[str, Any]) -> list[str | None]:
    """Return why each of so many cancels was refused, empty where it was not, None if not said."""
    statuses = _statuses(response)
    if len(statuses) != count:
        return [None] * count
    found: list[str | None] = []
    for status in statuses:
        error = status.get("error") if isinstance(status, dict) else None
        found.append("" if status == "success" else error if isinstance(error, str) else None)
    return found


def _read(order: OrderRequest, status: object) -> OrderOutcome:
    if isinstance(status, str):
        if status not in WAITING:
            bad("status", f"is {shown(status)}, which nobody knows")
        return OrderOutcome(client_id=order.client_id, status=OrderStatus.RESTING)
    found = record(status, "status")
    cloid = _cloid(found)
    if cloid is not None and cloid != order.client_id:
        bad("status", f"is of another order, {shown(cloid)}")
    if (text := found.get("error")) is not None:
        return OrderOutcome(
            client_id=order.client_id, status=OrderStatus.REJECTED, reason=str(text)
        )
    if (resting := found.get("resting")) is not None:
        return OrderOutcome(
            client_id=order.client_id,
            status=OrderStatus.RESTING,
            venue_order_id=_oid(record(resting, "resting")),
        )
    if "filled" not in found:
        bad("status", f"is {shown(status)}, which nobody knows")
    filled = record(found["filled"], "filled")
    size = number(filled.get("totalSz"), "filled.totalSz")
    if not 0 < size <= order.size:
        bad("filled.totalSz", f"is {size} of an order of {order.size}")
    is_resting = order.trigger is None and order.tif is not TimeInForce.IOC
    short = OrderStatus.RESTING if is_resting else OrderStatus.PARTLY_FILLED
    return OrderOutcome(
        client_id=order.client_id,
        status=OrderStatus.FILLED if size == order.size else short,
        venue_order_id=_oid(filled),
        filled_size=size,
        average_price=price(filled.get("avgPx"), "filled.avgPx"),
    )


def _statuses(response: Mapping[str, Any]) -> Sequence[Any]:
    data = response.get("data")
    statuses = data.get("statuses") if isinstance(data, dict) else None
    return statuses if isinstance(statuses, list) else []


def _cloid(status: object) -> str | None:
    if isinstance(status, dict):
        for inner in (status.get("resting"), status.get("filled")):
            if isinstance(inner, dict) and isinstance(inner.get("cloid"), str):
                return str(inner["cloid"]).lower()
    return None


def _oid(found: Mapping[str, object]) -> str:
    return str(whole(found.get("oid"), "oid", least=0, most=_LARGEST_OID))


def _unknown(order: OrderRequest, reason: str) -> OrderOutcome:
    return OrderOutcome(client_id=order.client_id, status=OrderStatus.UNKNOWN, reason=reason)
