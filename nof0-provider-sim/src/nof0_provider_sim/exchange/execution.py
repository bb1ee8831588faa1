"""Carrying out executions, and what they set off: siblings and orders that no longer reduce."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderStatus, Side
from nof0_core.ids import Symbol
from nof0_provider_sim.exchange import margin, refusals
from nof0_provider_sim.exchange.book import Order
from nof0_provider_sim.exchange.feed import Feed
from nof0_provider_sim.exchange.matching import Terms, is_within
from nof0_provider_sim.exchange.records import OrderEnded, OrderExecuted, OrderTaken, Record
from nof0_provider_sim.exchange.state import VenueState
from nof0_provider_sim.exchange.triggers import Hit


class Execution:
    """Changes the state by records and collects them for the store."""

    def __init__(
        self,
        *,
        state: VenueState,
        feed: Feed,
        instruments: Mapping[Symbol, Instrument],
        terms: Terms,
    ) -> None:
        self.state = state
        self._feed = feed
        self._instruments = instruments
        self._terms = terms
        self._fresh: list[Record] = []

    def emit(self, record: Record) -> None:
        """Let a record happen."""
        self.state.apply(record)
        self._fresh.append(record)

    def drain(self) -> list[Record]:
        """Return the records since the last time, oldest first, and forget them."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def take(self, taken: OrderTaken) -> Order:
        """Let an order arrive."""
        self.emit(taken)
        return self.state.book.by_id(taken.venue_id)

    def end(self, order: Order, status: OrderStatus, reason: str) -> None:
        """End an order that is not completely filled."""
        self.emit(
            OrderEnded(
                at_ms=self.state.time_ms,
                venue_id=order.taken.venue_id,
                status=status,
                reason=reason,
            )
        )

    def marks(self, symbols: Iterable[Symbol]) -> dict[Symbol, Decimal]:
        """Return the marks of these coins now, as far as they are known."""
        found = {symbol: self._feed.mark(symbol, self.state.time_ms) for symbol in symbols}
        return {symbol: mark for symbol, mark in found.items() if mark is not None}

    def taker_price(self, order: Order, price: Decimal, *, opposite: bool = False) -> Decimal:
        """Return what the order's side (or the other) pays at `price`, slippage included."""
        side: Side = order.taken.side.opposite if opposite else order.taken.side
        return self._terms.taker_price(side, price, self._instruments[order.taken.symbol])

    def margin_refusal(self, order: Order, price: Decimal, *, is_taker: bool) -> str | None:
        """Return why the account cannot bear the order at `price`; None if it can.

        A reduce-only order is never too much.
        """
        if order.taken.is_reduce_only:
            return None
        account = self.state.account
        others = [other for other in self.state.book.open() if other is not order]
        return margin.refusal(
            account=account,
            instruments=self._instruments,
            marks=self.marks({*account.positions, order.taken.symbol}),
            reserve=margin.reserved(account, others, self._instruments),
            symbol=order.taken.symbol,
            signed=order.left * order.sign,
            price=price,
            fee=self._terms.fee(price, order.left, is_taker=is_taker),
        )

    def reach(self, hit: Hit) -> None:
        """Carry out an order that a bar reached."""
        order, price = hit.order, hit.price
        if hit.is_taker:
            price = self.taker_price(order, price)
            if not is_within(order.taken.side, price, order.taken.limit_price):
                self.end(order, OrderStatus.CANCELED, refusals.NO_MATCH)
                return
        self.fill(order, price, is_taker=hit.is_taker, refused_as=OrderStatus.CANCELED)

    def fill(
        self, order: Order, price: Decimal, *, is_taker: bool, refused_as: OrderStatus
    ) -> None:
        """Fill an order at `price`, as much of it as it may fill.

        A reduce-only order is clipped to the position and its rest dropped. An order the account
        cannot bear ends as `refused_as`.
        """
        taken = order.taken
        reason = self.margin_refusal(order, price, is_taker=is_taker)
        if reason is not None:
            is_late = refused_as is OrderStatus.CANCELED and reason == refusals.MARGIN
            self.end(order, refused_as, refusals.MARGIN_GONE if is_late else reason)
            return
        size = order.left
        if taken.is_reduce_only:
            size = min(size, abs(self.state.account.size(taken.symbol)))
        self.emit(
            OrderExecuted(
                at_ms=self.state.time_ms,
                fill_id=self.state.next_fill_id,
                venue_id=taken.venue_id,
                price=price,
                size=size,
                fee=self._terms.fee(price, size, is_taker=is_taker),
                is_taker=is_taker,
            )
        )
        if order.is_open:
            self.end(order, OrderStatus.PARTLY_FILLED, refusals.NOT_REDUCING)
        self._cancel_siblings(order)
        self._cancel_pointless(taken.symbol)

    def _cancel_siblings(self, order: Order) -> None:
        group = order.taken.group
        if group is None:
            return
        for other in self.state.book.open():
            if other.taken.group == group:
                self.end(other, OrderStatus.CANCELED, refusals.SIBLING_FILLED)

    def _cancel_pointless(self, symbol: Symbol) -> None:
        size = self.state.account.size(symbol)
        for other in self.state.book.open_of(symbol):
            if other.taken.is_reduce_only and size * other.sign >= 0:
                self.end(other, OrderStatus.CANCELED, refusals.NOT_REDUCING)
