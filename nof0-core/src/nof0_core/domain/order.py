"""Orders as the engine asks for them and as a venue reports them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import attrs

from nof0_core.ids import ClientOrderId, Symbol


class Side(StrEnum):
    """Direction of an order or fill."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Return +1 for buy, -1 for sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderStyle(StrEnum):
    """How far an entry may pay beyond the mark: up to its slippage cap, or not at all."""

    MARKET_IOC = "market_ioc"
    LIMIT_IOC = "limit_ioc"


class OrderPurpose(StrEnum):
    """What an order is for.

    `open` and `close` carry out decisions, `stop` and `target` wait for the mark, `unprotected`
    closes what has no stop, `liquidation` what a trader's own margin no longer bears, `flatten`
    what a person wants closed.
    """

    OPEN = "open"
    CLOSE = "close"
    STOP = "stop"
    TARGET = "target"
    UNPROTECTED = "unprotected"
    LIQUIDATION = "liquidation"
    FLATTEN = "flatten"


class TimeInForce(StrEnum):
    """How long an order may wait: IOC not at all, GTC until cancelled, ALO only as maker."""

    IOC = "ioc"
    GTC = "gtc"
    ALO = "alo"


class TriggerKind(StrEnum):
    """What a trigger order is for; decides on which side of the mark it fires.

    A selling stop and a buying target fire at or below their trigger, a selling target and a
    buying stop at or above it.
    """

    STOP = "stop"
    TARGET = "target"


@attrs.frozen(kw_only=True)
class Trigger:
    """Makes an order wait until the mark reaches `price`; then it is sent with its limit price.

    With `is_market` (stop-market) it then trades at once or not at all, the limit price being the
    worst it may get. Without (stop-limit) it becomes a limit order with the request's `tif`, and
    may rest.
    """

    kind: TriggerKind
    price: Decimal
    is_market: bool = True


@attrs.frozen(kw_only=True)
class OrderRequest:
    """One order to be placed.

    `size` is in coins and positive; 0 with `is_reduce_only` is, where the venue has WHOLE_POSITION,
    all there is when the order trades. There is no market order: `limit_price` bounds what may be
    paid.
    """

    client_id: ClientOrderId
    symbol: Symbol
    side: Side
    size: Decimal
    limit_price: Decimal
    tif: TimeInForce = TimeInForce.IOC
    is_reduce_only: bool = False
    trigger: Trigger | None = None


@attrs.frozen(kw_only=True)
class PricedAt:
    """The price an order was made at: the mark in USD, and the venue's time of it (UTC)."""

    time: datetime
    mark: Decimal


class OrderStatus(StrEnum):
    """Where an order stands at the venue.

    `partly_filled` is final for an IOC order whose rest was dropped. `unknown` means that no
    answer came: ask by client order id.
    """

    RESTING = "resting"
    FILLED = "filled"
    PARTLY_FILLED = "partly_filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Return whether nothing more can happen to the order."""
        return self not in (OrderStatus.RESTING, OrderStatus.UNKNOWN)
