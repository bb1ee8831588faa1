"""Carrying out executions, and what they set off.

The other of a pair goes when one is done, reduce-only orders when they no longer reduce, and
an account's own resting order when its other side would trade with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderStatus, TimeInForce
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.money import ZERO
from nof0_provider_sim.exchange import margin, refusals
from nof0_provider_sim.exchange.book import Order
from nof0_provider_sim.exchange.feed import Feed
from nof0_provider_sim.exchange.fees import Fees
from nof0_provider_sim.exchange.liquidity import Liquidity, Part, average
from nof0_provider_sim.exchange.matching import is_within
from nof0_provider_sim.exchange.records import (
    OrderEnded,
    OrderExecuted,
    OrderTaken,
    OrderTriggered,
    Record,
)
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
        fees: Fees,
        liquidity: Liquidity,
    ) -> None:
        self.state = state
        self._feed = feed
        self._instruments = instruments
        self._fees = fees
        self.liquidity = liquidity
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
        return self.state.book.by_id(taken.venue_order_id)

    def end(self, order: Order, status: OrderStatus, reason: str) -> None:
        """End an order that is not completely filled."""
        self.emit(
            OrderEnded(
                at_ms=self.state.time_ms,
                venue_order_id=order.taken.venue_order_id,
                status=status,
                reason=reason,
            )
        )

    def marks(self, symbols: Iterable[Symbol]) -> dict[Symbol, Decimal]:
        """Return the marks of these coins now, as far as they are known."""
        found, mark_of, now = {}, self._feed.mark, self.state.time_ms
        for symbol in symbols:
            mark = mark_of(symbol, now)
            if mark is not None:
                found[symbol] = mark
        return found

    def fee(
        self,
        symbol: Symbol,
        price: Decimal,
        size: Decimal,
        client_id: ClientOrderId | None,
        *,
        is_taker: bool,
    ) -> Decimal:
        """Return what a trade of an order costs now in USD; negative for a rebate."""
        return self._fees.fee(
            price,
            size,
            self.state.turnover(client_id),
            self.state.time_ms,
            is_taker=is_taker,
            instrument=self._instruments.get(symbol),
        )

    def margin_refusal(self, order: Order, price: Decimal, *, is_taker: bool) -> str | None:
        """Return why the account cannot bear the order at `price`; None if it can.

        A reduce-only order is never too much.
        """
        if order.taken.is_reduce_only:
            return None
        account = self.state.account
        left = order.left(account.quantity(order.taken.symbol))
        others = [other for other in self.state.book.opening() if other is not order]
        return margin.refusal(
            account=account,
            instruments=self._instruments,
            marks=self.marks({*account.positions, order.taken.symbol}),
            reserve=margin.reserved(account, others, self._instruments),
            symbol=order.taken.symbol,
            signed=left * order.sign,
            price=price,
            fee=self.fee(order.taken.symbol, price, left, order.taken.client_id, is_taker=is_taker),
        )

    def reach(self, hit: Hit, room: Decimal | None) -> None:
        """Carry out an order that a bar reached; resting ones fill `room` coins at most."""
        order = hit.order
        if not hit.is_trigger:
            self._fill_resting(order, room)
            return
        if not order.taken.trigger_is_market:
            self.emit(
                OrderTriggered(at_ms=self.state.time_ms, venue_order_id=order.taken.venue_order_id)
            )
        self.match(order, hit.price, refused_as=OrderStatus.CANCELED)

    def match(self, order: Order, mark: Decimal, *, refused_as: OrderStatus) -> None:
        """Let an order meet the market at `mark`: trade, rest, or end.

        What does not trade at once rests if the order may. A reduce-only order is clipped to the
        position. An order that cannot be carried out at all ends as `refused_as`, or `canceled`
        where the venue would say so.
        """
        taken = order.taken
        is_market_trigger = order.awaits_trigger and taken.trigger_is_market
        may_rest = taken.tif is not TimeInForce.IOC and not is_market_trigger
        size = self._clipped(order)
        parts = self.liquidity.take(
            taken.symbol, taken.side, size, mark, taken.limit_price, taken.client_id
        )
        if taken.tif is TimeInForce.ALO and may_rest:
            self._post(order, mark, refused_as, crosses=bool(parts))
            return
        if not parts and not may_rest:
            self._cancel_crossed(order, taken.limit_price)
            self.end(order, OrderStatus.CANCELED, refusals.NO_MATCH)
            return
        # What only rests is judged at the mark: the gain of a better limit is not there yet.
        price = average(parts) if parts else mark
        if self._refuse_margin(order, price, refused_as, is_taker=bool(parts)):
            return
        traded = parts[0].size if len(parts) == 1 else sum((part.size for part in parts), ZERO)
        is_whole = traded == size
        self._cancel_crossed(order, parts[-1].price if is_whole else taken.limit_price)
        if parts:
            self._execute(order, parts, is_taker=True)
        if order.is_open and (not may_rest or is_whole):
            reason = refusals.NOT_REDUCING if is_whole else refusals.NO_MATCH
            self.end(order, OrderStatus.PARTLY_FILLED, reason)
        self._tidy(order)

    def _post(self, order: Order, mark: Decimal, refused_as: OrderStatus, *, crosses: bool) -> None:
        """Let a post-only order rest, or end it because it would trade at once."""
        taken = order.taken
        prices = {
            side: self.liquidity.touch(taken.symbol, side, mark)
            for side in (taken.side, taken.side.opposite)
        }
        own = [other.taken.limit_price for other in self._crossed(order, taken.limit_price)]
        if crosses or own:
            prices[taken.side] = (min if order.sign > 0 else max)([prices[taken.side], *own])
            bid, ask = sorted(prices.values())
            self.end(order, refused_as, refusals.POST_ONLY.format(bid=bid, ask=ask))
            return
        self._refuse_margin(order, mark, refused_as, is_taker=False)

    def _fill_resting(self, order: Order, room: Decimal | None) -> None:
        price = order.taken.limit_price
        if self._refuse_margin(order, price, OrderStatus.CANCELED, is_taker=False):
            return
        size = self._clipped(order)
        is_clipped = size < order.left(self._reducible(order))
        if room is not None and room < size:
            size, is_clipped = room, False
        if not size:
            return
        self._execute(order, [Part(price=price, size=size)], is_taker=False)
        if order.is_open and is_clipped:
            self.end(order, OrderStatus.PARTLY_FILLED, refusals.NOT_REDUCING)
        self._tidy(order)

    def _clipped(self, order: Order) -> Decimal:
        """Return the size that may trade: of a reduce-only order no more than the position."""
        position = self._reducible(order)
        left = order.left(position)
        return min(left, abs(position)) if order.taken.is_reduce_only else left

    def _reducible(self, order: Order) -> Decimal:
        return self.state.reducible(order.taken.symbol, order.taken.client_id)

    def _refuse_margin(
        self, order: Order, price: Decimal, refused_as: OrderStatus, *, is_taker: bool
    ) -> bool:
        """End an order the account cannot bear; tell whether it was."""
        reason = self.margin_refusal(order, price, is_taker=is_taker)
        if reason is None:
            return False
        is_late = refused_as is OrderStatus.CANCELED and reason == refusals.MARGIN
        self.end(order, refused_as, refusals.MARGIN_GONE if is_late else reason)
        return True

    def _execute(self, order: Order, parts: Sequence[Part], *, is_taker: bool) -> None:
        for part in parts:
            self.emit(
                OrderExecuted(
                    at_ms=self.state.time_ms,
                    trade_id=self.state.next_trade_id,
                    venue_order_id=order.taken.venue_order_id,
                    price=part.price,
                    size=part.size,
                    fee=self.fee(
                        order.taken.symbol,
                        part.price,
                        part.size,
                        order.taken.client_id,
                        is_taker=is_taker,
                    ),
                    is_taker=is_taker,
                )
            )

    def _crossed(self, order: Order, worst: Decimal) -> list[Order]:
        """Return the account's own resting orders an order meets on its way to `worst`."""
        return [
            other
            for other in self.state.book.open_of(order.taken.symbol)
            if other.taken.side is not order.taken.side
            and not other.awaits_trigger
            and is_within(order.taken.side, other.taken.limit_price, worst)
        ]

    def _cancel_crossed(self, order: Order, worst: Decimal) -> None:
        for other in self._crossed(order, worst):
            self.end(other, OrderStatus.CANCELED, refusals.SELF_TRADE)

    def _tidy(self, order: Order) -> None:
        """Cancel what an execution made pointless.

        While an order still fills, its siblings stay: a target that filled in part must not leave
        the rest of the position without its stop.
        """
        pair = order.taken.pair
        if pair is not None and not order.is_open and order.filled:
            # Both are of one coin.
            for other in self.state.book.open_of(order.taken.symbol):
                if other.taken.pair == pair:
                    self.end(other, OrderStatus.CANCELED, refusals.SIBLING_FILLED)
        for other in self.state.book.open_of(order.taken.symbol):
            if other.taken.is_reduce_only and self._reducible(other) * other.sign >= 0:
                self.end(other, OrderStatus.CANCELED, refusals.NOT_REDUCING)
