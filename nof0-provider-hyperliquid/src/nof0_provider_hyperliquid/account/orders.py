"""Orders as the venue tells them: those that wait, and what became of others."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from nof0_core.domain.candles import from_ms
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.outcome import VenueOrder
from nof0_core.ids import Symbol
from nof0_core.money import ZERO, exactly
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.wire.cloid import client_id_of
from nof0_provider_hyperliquid.wire.reading import (
    bad,
    milliseconds,
    number,
    price,
    record,
    rows,
    shown,
    whole,
)

OPEN = "open"
_OPEN = frozenset({OPEN, "triggered"})
_CANCELS = frozenset({"canceled", "scheduledCancel", "internalCancel"})
_SIDES: Mapping[object, Side] = {"B": Side.BUY, "A": Side.SELL}
_LARGEST_OID = 2**64


def read_side(value: object, where: str) -> Side:
    """Return the side of an order or fill: `B` bid, `A` ask.

    Raises:
        DataError: it is neither.
    """
    side = _SIDES.get(value) if isinstance(value, str) else None
    if side is None:
        bad(where, f"is {shown(value)}, neither A nor B")
    return side


def read_oid(value: object, where: str) -> str:
    """Return the venue's number of an order.

    Raises:
        DataError: it is none.
    """
    return str(whole(value, where, least=0, most=_LARGEST_OID))


def read_open_orders(answer: object, coins: DexCoins) -> tuple[VenueOrder, ...]:
    """Return the orders of an answer to `frontendOpenOrders`, oldest first.

    The children of an order that has not filled are listed twice; each is returned once. Orders of
    other markets are left out.

    Raises:
        DataError: one cannot be read: nobody knows then what waits at the venue.
    """
    where = "frontendOpenOrders"
    found: dict[str, VenueOrder] = {}
    for entry in rows(answer, where):
        row = record(entry, where)
        if coins.symbol(str(row.get("coin"))) is not None:
            order = read_order(row, coins)
            found.setdefault(order.venue_order_id, order)
    return tuple(sorted(found.values(), key=lambda each: (each.time, int(each.venue_order_id))))


@exactly
def read_order(row: Mapping[str, object], coins: DexCoins, word: str = OPEN) -> VenueOrder:
    """Return an order with the status that `word` says; `time` is when it was placed.

    What an order that has ended filled is what its size lacks of the original one, which is not
    always told rightly: see `with_fills`.

    Raises:
        DataError: it cannot be read.
    """
    oid = read_oid(row.get("oid"), "order: oid")
    where, coin = f"order {oid}", row.get("coin")
    if not isinstance(coin, str):
        bad(f"{where}: coin", f"is {shown(coin)}, not a name")
    left = number(row.get("sz"), f"{where}: sz")
    size = number(row.get("origSz", row.get("sz")), f"{where}: origSz")
    if not ZERO <= left <= size:
        bad(where, f"has {left} left of a size of {size}")
    filled = size if word == "filled" else size - left
    return VenueOrder(
        client_id=client_id_of(row.get("cloid"), f"{where}: cloid"),
        venue_order_id=oid,
        symbol=coins.symbol(coin) or Symbol(coin),
        side=read_side(row.get("side"), f"{where}: side"),
        size=size,
        filled_size=filled,
        limit_price=number(row.get("limitPx"), f"{where}: limitPx"),
        status=_status(word, size, filled),
        time=from_ms(milliseconds(row.get("timestamp"), f"{where}: timestamp")),
        is_reduce_only=row.get("reduceOnly") is True,
        trigger=_trigger(row, where),
        reason="" if word in _OPEN or word == "filled" else word,
    )


@exactly
def with_fills(order: VenueOrder, word: str, filled: Decimal, worth: Decimal) -> VenueOrder:
    """Return an order that has ended with what its fills say it executed.

    The venue's own size of such an order is sometimes the original one, and its fills may be listed
    a moment later; whichever says more is right.

    Args:
        order: as `read_order` made it.
        word: its status as the venue says.
        filled: sum of the sizes of its fills, in coins.
        worth: sum of size x price of them, in USD.
    """
    most = max(order.filled_size, filled)
    return attrs.evolve(
        order,
        filled_size=most,
        status=_status(word, order.size, most),
        average_price=worth / filled if filled and filled == most else None,
    )


def is_open(word: str) -> bool:
    """Tell whether an order of this status may still fill."""
    return word in _OPEN


def _status(word: str, size: Decimal, filled: Decimal) -> OrderStatus:
    """Return the status for a word of the venue's list, which is open-ended."""
    if word in _OPEN:
        return OrderStatus.RESTING
    if filled and (word == "filled" or filled >= size > ZERO):
        return OrderStatus.FILLED
    if filled:
        return OrderStatus.PARTLY_FILLED
    if word.endswith("Rejected") or word == "rejected":
        return OrderStatus.REJECTED
    if word.endswith("Canceled") or word in _CANCELS:
        return OrderStatus.CANCELED
    # A word nobody knows, or executed without a trace of it so far.
    return OrderStatus.UNKNOWN


def _trigger(row: Mapping[str, object], where: str) -> Trigger | None:
    if row.get("isTrigger") is not True:
        return None
    kind, condition = str(row.get("orderType")), str(row.get("triggerCondition"))
    if kind.startswith("Stop"):
        purpose = TriggerKind.STOP
    elif kind.startswith("Take Profit"):
        purpose = TriggerKind.TARGET
    elif "above" in condition or "below" in condition:
        is_stop = (row.get("side") == "B") == ("above" in condition)
        purpose = TriggerKind.STOP if is_stop else TriggerKind.TARGET
    else:
        bad(f"{where}: orderType", f"is {shown(row.get('orderType'))} for a trigger order")
    return Trigger(
        kind=purpose,
        price=price(row.get("triggerPx"), f"{where}: triggerPx"),
        is_market=not kind.endswith("Limit"),
    )
