"""Ended orders, executions and funding payments, one row of JSON each.

A row is what stays in memory of them, too: text takes a quarter of what objects do. Decimals are
written as text and come back digit for digit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

import attrs

from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.outcome import VenueOrder
from nof0_core.ids import ClientOrderId, Symbol
from nof0_provider_sim.exchange.parts import Part

T = TypeVar("T")
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


def line_of(value: Any) -> bytes:
    """Return a value as one line of JSON without its end."""
    return _encode(value).encode()


def value_of(line: bytes) -> Any:
    """Return what a line of JSON says; `line` has no end.

    Raises:
        ValueError: it is none.
    """
    text = line.decode()
    value, end = _decode(text)
    if end != len(text):
        msg = f"more stands there after the JSON: {text[end : end + 40]!r}"
        raise ValueError(msg)
    return value


@attrs.frozen(kw_only=True)
class EndedOrder:
    """An order as the venue reports it for good, and when it ended."""

    order: VenueOrder
    client_id: ClientOrderId
    ended_ms: int


@attrs.frozen(kw_only=True)
class Kind(Generic[T]):
    """How one kind of thing is written: `name` is under the key `was` of its rows.

    `time_key` has what it is sorted by, in ms; `number_key` its number in the account's life, from
    1, if it has one.
    """

    name: str
    to_plain: Callable[[T], dict[str, Any]]
    from_plain: Callable[[Part], T]
    time_key: str
    number_key: str | None = None

    def write(self, item: T) -> bytes:
        """Return the row of an item."""
        return line_of({"was": self.name} | self.to_plain(item))

    def place(self, row: Part, *, after_ms: int, number: int) -> int:
        """Return when the item of a row was, if the row is the next one.

        Raises:
            ValueError: it is no such row, or earlier than `after_ms`, or not of this number.
        """
        if row.text("was") != self.name:
            msg = f"row.was is not {self.name}"
            raise ValueError(msg)
        at_ms = row.whole(self.time_key)
        if at_ms < after_ms:
            msg = f"row.{self.time_key} is earlier than that of the row before"
            raise ValueError(msg)
        if self.number_key is not None and row.whole(self.number_key) != number:
            msg = f"row.{self.number_key} is not {number}"
            raise ValueError(msg)
        return at_ms

    def parse(self, line: bytes) -> T:
        """Return the item of a row."""
        return self.from_plain(Part(value_of(line), "row"))


class Memory(Protocol):
    """What is remembered of one kind, oldest first, and how many there were before it."""

    @property
    def gone(self) -> int:
        """Return how many were forgotten."""
        ...

    @property
    def expected(self) -> int:
        """Return how many rows are to be restored in all."""
        ...

    def __len__(self) -> int:
        """Return how many are remembered."""
        ...

    def rows(self) -> Iterator[bytes]:
        """Iterate over the rows of all that are remembered."""
        ...

    def expect(self, *, gone: int, kept: int) -> None:
        """Say how many were forgotten, and how many rows are to be restored."""
        ...

    def restore(self, line: bytes, row: Part) -> None:
        """Remember one again by its row, as text and as what it says.

        Raises:
            ValueError: it is no such row, or not the next one; says which key.
        """
        ...

    def forget(self, before_ms: int, keep: int) -> None:
        """Let those go that are older than a time, except the newest `keep`."""
        ...


def _fill_row(fill: Fill) -> dict[str, Any]:
    return {
        "at_ms": to_ms(fill.time),
        "trade_id": int(fill.trade_id),
        "venue_order_id": int(fill.venue_order_id),
        "client_id": fill.client_id,
        "symbol": fill.symbol,
        "side": fill.side,
        "price": str(fill.price),
        "size": str(fill.size),
        "fee": str(fill.fee),
        "is_taker": fill.is_taker,
        "is_liquidation": fill.is_liquidation,
    }


def _fill(row: Part) -> Fill:
    client_id = row.maybe(row.text, "client_id")
    return Fill(
        trade_id=str(row.whole("trade_id")),
        venue_order_id=str(row.whole("venue_order_id")),
        client_id=None if client_id is None else ClientOrderId(client_id),
        symbol=Symbol(row.text("symbol")),
        side=row.choice("side", Side),
        price=row.amount("price"),
        size=row.amount("size"),
        fee=row.amount("fee"),
        time=from_ms(row.whole("at_ms")),
        is_taker=row.flag("is_taker"),
        is_liquidation=row.flag("is_liquidation"),
    )


def _payment_row(payment: FundingPayment) -> dict[str, Any]:
    return {
        "at_ms": to_ms(payment.time),
        "symbol": payment.symbol,
        "quantity": str(payment.quantity),
        "rate": str(payment.rate),
        "amount": str(payment.amount),
    }


def _payment(row: Part) -> FundingPayment:
    return FundingPayment(
        symbol=Symbol(row.text("symbol")),
        time=from_ms(row.whole("at_ms")),
        quantity=row.amount("quantity"),
        rate=row.amount("rate"),
        amount=row.amount("amount"),
    )


def _order_row(ended: EndedOrder) -> dict[str, Any]:
    order, trigger = ended.order, ended.order.trigger
    average = order.average_price
    return {
        "ended_ms": ended.ended_ms,
        "at_ms": to_ms(order.time),
        "venue_order_id": int(order.venue_order_id),
        "client_id": ended.client_id,
        "symbol": order.symbol,
        "side": order.side,
        "size": str(order.size),
        "filled": str(order.filled_size),
        "average_price": None if average is None else str(average),
        "limit_price": str(order.limit_price),
        "is_reduce_only": order.is_reduce_only,
        "trigger": None if trigger is None else _trigger_row(trigger),
        "status": order.status,
        "reason": order.reason,
    }


def _order(row: Part) -> EndedOrder:
    client_id = ClientOrderId(row.text("client_id"))
    order = VenueOrder(
        client_id=client_id,
        venue_order_id=str(row.whole("venue_order_id")),
        symbol=Symbol(row.text("symbol")),
        side=row.choice("side", Side),
        size=row.amount("size"),
        filled_size=row.amount("filled"),
        limit_price=row.amount("limit_price"),
        status=row.choice("status", OrderStatus),
        time=from_ms(row.whole("at_ms")),
        average_price=row.maybe(row.amount, "average_price"),
        is_reduce_only=row.flag("is_reduce_only"),
        trigger=_trigger(row),
        reason=row.text("reason"),
    )
    return EndedOrder(order=order, client_id=client_id, ended_ms=row.whole("ended_ms"))


def _trigger_row(trigger: Trigger) -> dict[str, Any]:
    return {
        "kind": trigger.kind,
        "price": str(trigger.price),
        "is_market": trigger.is_market,
    }


def _trigger(row: Part) -> Trigger | None:
    part = row.maybe(row.part, "trigger")
    if part is None:
        return None
    return Trigger(
        kind=part.choice("kind", TriggerKind),
        price=part.amount("price"),
        is_market=part.flag("is_market"),
    )


FILLS: Kind[Fill] = Kind(
    name="fill",
    to_plain=_fill_row,
    from_plain=_fill,
    time_key="at_ms",
    number_key="trade_id",
)
FUNDING: Kind[FundingPayment] = Kind(
    name="funding",
    to_plain=_payment_row,
    from_plain=_payment,
    time_key="at_ms",
)
ORDERS: Kind[EndedOrder] = Kind(
    name="order",
    to_plain=_order_row,
    from_plain=_order,
    time_key="ended_ms",
)
