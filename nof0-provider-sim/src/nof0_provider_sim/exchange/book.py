"""The orders that wait at the venue, and what became of those that did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import attrs

from nof0_core.domain.candles import from_ms
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus, Side, TimeInForce, Trigger, TriggerKind
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.money import EXACT, ZERO
from nof0_provider_sim.exchange.account import PRICE_STEP
from nof0_provider_sim.exchange.ended import EndedOrders
from nof0_provider_sim.exchange.parts import Part
from nof0_provider_sim.exchange.records import OrderTaken, to_plain


@attrs.define
class Order:
    """An order and where it stands. `paid` is Σ price x size of its executions, in USD.

    `triggered_ms` is when a stop-limit order became a limit order.
    """

    taken: OrderTaken
    status: OrderStatus = OrderStatus.RESTING
    filled: Decimal = ZERO
    paid: Decimal = ZERO
    reason: str = ""
    triggered_ms: int | None = None
    _shown: tuple[tuple[object, ...], VenueOrder] | None = attrs.field(
        default=None, init=False, eq=False, repr=False
    )

    def left(self, position: Decimal) -> Decimal:
        """Return the size not filled yet, in coins.

        Of an order of size 0 that is the whole `position` (signed) there is.
        """
        return self.taken.size - self.filled if self.taken.size else abs(position)

    @property
    def sign(self) -> int:
        """Return +1 for a buy, -1 for a sell."""
        return 1 if self.taken.side is Side.BUY else -1

    @property
    def is_open(self) -> bool:
        """Return whether the order waits at the venue."""
        return self.status is OrderStatus.RESTING

    @property
    def awaits_trigger(self) -> bool:
        """Return whether the order waits for the mark, not in the order book."""
        return self.taken.trigger_kind is not None and self.triggered_ms is None

    @property
    def since_ms(self) -> int:
        """Return since when the order waits as it waits now."""
        return self.taken.sent_ms if self.triggered_ms is None else self.triggered_ms

    def shown(self) -> VenueOrder:
        """Return the order as the venue reports it: the same object until something changes."""
        stands = self.status, self.filled, self.paid, self.reason, self.triggered_ms
        if self._shown is None or self._shown[0] != stands:
            self._shown = stands, self._made()
        return self._shown[1]

    def outcome(self, fills: tuple[Fill, ...] = ()) -> OrderOutcome:
        """Return where the order stands as the answer to whoever placed or cancelled it."""
        return OrderOutcome(
            client_id=self.taken.client_id,
            status=self.status,
            venue_order_id=str(self.taken.venue_order_id),
            filled_size=self.filled,
            average_price=self.average_price,
            reason=self.reason,
            fills=fills,
        )

    @property
    def average_price(self) -> Decimal | None:
        """Return the average price of its executions, rounded to 10 decimals; None: none."""
        if not self.filled:
            return None
        return EXACT.divide(self.paid, self.filled).quantize(PRICE_STEP, ROUND_HALF_EVEN, EXACT)

    def _made(self) -> VenueOrder:
        taken = self.taken
        trigger = None
        # As at the venue: once it fired, a stop-limit order is a limit order like any other.
        if (
            taken.trigger_kind is not None
            and taken.trigger_price is not None
            and self.awaits_trigger
        ):
            trigger = Trigger(
                kind=taken.trigger_kind,
                price=taken.trigger_price,
                is_market=taken.trigger_is_market,
            )
        return VenueOrder(
            client_id=taken.client_id,
            venue_order_id=str(taken.venue_order_id),
            symbol=taken.symbol,
            side=taken.side,
            size=taken.size,
            filled_size=self.filled,
            limit_price=taken.limit_price,
            status=self.status,
            time=from_ms(taken.at_ms),
            average_price=self.average_price,
            is_reduce_only=taken.is_reduce_only,
            trigger=trigger,
            reason=self.reason,
        )


class Book:
    """Waiting orders by id, in the order in which they came; `ended` has those that were.

    `version` grows whenever an order begins or stops to wait, or waits for something else.
    """

    def __init__(self, at_most: int) -> None:
        """Begin with none; `at_most` ended ones are at hand, older ones as text."""
        self.ended = EndedOrders(at_most)
        self._by_client: dict[ClientOrderId, Order] = {}
        self._open: dict[int, Order] = {}
        self._opening: dict[int, Order] = {}
        self._open_of: defaultdict[Symbol, dict[int, Order]] = defaultdict(dict)
        self.version = 0

    def add(self, taken: OrderTaken) -> None:
        """Take an order in; it waits until it is closed."""
        self._add(Order(taken))

    def trigger(self, order: Order, at_ms: int) -> None:
        """Turn a stop-limit order into a limit order."""
        order.triggered_ms = at_ms
        self.version += 1

    def close(self, order: Order, status: OrderStatus, reason: str, at_ms: int) -> None:
        """End an order."""
        order.status, order.reason = status, reason
        taken = order.taken
        self._open.pop(taken.venue_order_id, None)
        self._opening.pop(taken.venue_order_id, None)
        self._by_client.pop(taken.client_id, None)
        self.ended.add(taken.client_id, order.shown, at_ms)
        of_coin = self._open_of[taken.symbol]
        of_coin.pop(taken.venue_order_id, None)
        if not of_coin:
            del self._open_of[taken.symbol]
        self.version += 1

    def by_id(self, venue_order_id: int) -> Order:
        """Return a waiting order."""
        return self._open[venue_order_id]

    def by_client(self, client_id: ClientOrderId) -> Order | None:
        """Return a waiting order by client id, None if none waits."""
        return self._by_client.get(client_id)

    def shown(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order, waiting or ended, as the venue reports it; None if it knows none."""
        order = self._by_client.get(client_id)
        return self.ended.get(client_id) if order is None else order.shown()

    @property
    def has_open(self) -> bool:
        """Return whether any order waits."""
        return bool(self._open)

    def open(self) -> Iterator[Order]:
        """Iterate over a snapshot of the waiting orders, oldest first."""
        return iter(tuple(self._open.values()))

    def opening(self) -> list[Order]:
        """Return the waiting orders that may open a position, oldest first: those hold margin."""
        return list(self._opening.values())

    def open_of(self, symbol: Symbol) -> list[Order]:
        """Return the waiting orders of one coin, oldest first."""
        return list(self._open_of[symbol].values()) if symbol in self._open_of else []

    def open_symbols(self) -> list[Symbol]:
        """Return the coins with waiting orders, sorted."""
        return sorted(self._open_of)

    def dump(self) -> list[dict[str, Any]]:
        """Return the waiting orders as JSON can hold them, oldest first."""
        return [
            {name: value for name, value in to_plain(order.taken).items() if name != "is"}
            | {
                "filled": str(order.filled),
                "paid": str(order.paid),
                "triggered_ms": order.triggered_ms,
            }
            for order in self._open.values()
        ]

    def restore(self, waiting: list[Part]) -> None:
        """Take in again what `dump` returned.

        Raises:
            ValueError: it is not that.
        """
        for part in waiting:
            order = Order(
                _taken(part),
                filled=part.amount("filled"),
                paid=part.amount("paid"),
                triggered_ms=part.maybe(part.whole, "triggered_ms"),
            )
            if order.taken.client_id in self._by_client:
                msg = f"the order {order.taken.client_id} waits twice"
                raise ValueError(msg)
            self._add(order)

    def _add(self, order: Order) -> None:
        taken = order.taken
        self._by_client[taken.client_id] = order
        self._open[taken.venue_order_id] = order
        if not taken.is_reduce_only:
            self._opening[taken.venue_order_id] = order
        self._open_of[taken.symbol][taken.venue_order_id] = order
        self.version += 1


def _taken(part: Part) -> OrderTaken:
    return OrderTaken(
        at_ms=part.whole("at_ms"),
        venue_order_id=part.whole("venue_order_id"),
        client_id=ClientOrderId(part.text("client_id")),
        symbol=Symbol(part.text("symbol")),
        side=part.choice("side", Side),
        size=part.amount("size"),
        limit_price=part.amount("limit_price"),
        tif=part.choice("tif", TimeInForce),
        is_reduce_only=part.flag("is_reduce_only"),
        trigger_kind=part.maybe(lambda key: part.choice(key, TriggerKind), "trigger_kind"),
        trigger_price=part.maybe(part.amount, "trigger_price"),
        pair=part.maybe(part.text, "pair"),
        sent_ms=part.whole("sent_ms"),
        trigger_is_market=part.flag("trigger_is_market"),
    )
