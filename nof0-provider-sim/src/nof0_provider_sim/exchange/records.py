"""What happens at the paper venue, one record each; the account is the sum of its records.

Records are what the store keeps: the same code applies them when they happen and after a restart,
so nothing can differ. Decimals are written as text and come back digit for digit. `at_ms` is the
venue's time in milliseconds since 1970, UTC.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import attrs
from attrs.converters import optional

from nof0_core.domain.order import OrderStatus, Side, TimeInForce, TriggerKind
from nof0_core.domain.position import MarginMode
from nof0_core.ids import ClientOrderId, Symbol


@attrs.frozen(kw_only=True)
class OrderTaken:
    """An order reached the venue. `sent_ms` is when it was sent, before its latency.

    Of the orders of one `pair` only one can be carried out.
    """

    at_ms: int
    venue_order_id: int
    client_id: ClientOrderId
    symbol: Symbol
    side: Side = attrs.field(converter=Side)
    size: Decimal = attrs.field(converter=Decimal)
    limit_price: Decimal = attrs.field(converter=Decimal)
    tif: TimeInForce = attrs.field(converter=TimeInForce)
    is_reduce_only: bool
    trigger_kind: TriggerKind | None = attrs.field(converter=optional(TriggerKind))
    trigger_price: Decimal | None = attrs.field(converter=optional(Decimal))
    pair: str | None
    sent_ms: int
    trigger_is_market: bool = True


@attrs.frozen(kw_only=True)
class OrderTriggered:
    """The trigger of a stop-limit order fired: from now on it is a limit order."""

    at_ms: int
    venue_order_id: int


@attrs.frozen(kw_only=True)
class Traded:
    """What every execution is; `size` is positive, `price` and `fee` are in USD."""

    at_ms: int
    trade_id: int
    venue_order_id: int
    price: Decimal = attrs.field(converter=Decimal)
    size: Decimal = attrs.field(converter=Decimal)
    fee: Decimal = attrs.field(converter=Decimal)


@attrs.frozen(kw_only=True)
class OrderExecuted(Traded):
    """Part or all of an order was filled."""

    is_taker: bool


@attrs.frozen(kw_only=True)
class OrderEnded:
    """An order ended without being filled completely; `reason` is the venue's word for it."""

    at_ms: int
    venue_order_id: int
    status: OrderStatus = attrs.field(converter=OrderStatus)
    reason: str


@attrs.frozen(kw_only=True)
class FundingSettled:
    """Funding was paid on one coin; `amount` in USD is what the account got.

    `quantity` is what was held of it, signed.
    """

    at_ms: int
    symbol: Symbol
    quantity: Decimal = attrs.field(converter=Decimal)
    rate: Decimal = attrs.field(converter=Decimal)
    amount: Decimal = attrs.field(converter=Decimal)


@attrs.frozen(kw_only=True)
class Liquidated(Traded):
    """The venue closed a position, or a part of it, against the account's will.

    `mark` is the price at which the margin was used up. `method` is `market` (closed at what the
    market paid) or `backstop` (taken over with all its margin, which `fee` then holds).
    `is_partial`: the first part of a big position. `debt` in USD is what the account could not pay
    and the venue bore; `fee` is already less by it.
    """

    symbol: Symbol
    side: Side = attrs.field(converter=Side)
    mark: Decimal = attrs.field(converter=Decimal)
    method: str
    is_partial: bool
    debt: Decimal = attrs.field(converter=Decimal)


@attrs.frozen(kw_only=True)
class LeverageSet:
    """Leverage and margin mode of a coin were changed."""

    at_ms: int
    symbol: Symbol
    leverage: int
    mode: MarginMode = attrs.field(default=MarginMode.CROSS, converter=MarginMode)


Record: TypeAlias = (
    OrderTaken
    | OrderTriggered
    | OrderExecuted
    | OrderEnded
    | Liquidated
    | FundingSettled
    | LeverageSet
)

_KINDS: dict[str, type[Record]] = {
    "order": OrderTaken,
    "trigger": OrderTriggered,
    "fill": OrderExecuted,
    "end": OrderEnded,
    "liquidation": Liquidated,
    "funding": FundingSettled,
    "leverage": LeverageSet,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_plain(record: Record) -> dict[str, Any]:
    """Turn a record into what JSON can hold; the key `is` names its kind."""
    plain: dict[str, Any] = {"is": _NAMES[type(record)]}
    for field in attrs.fields(type(record)):
        value = getattr(record, field.name)
        plain[field.name] = str(value) if isinstance(value, Decimal) else value
    return plain


def from_plain(plain: dict[str, Any]) -> Record:
    """Read a record back.

    Raises:
        KeyError, TypeError, ValueError, ArithmeticError: it is not a record of this version.
    """
    values = dict(plain)
    return _KINDS[values.pop("is")](**values)
