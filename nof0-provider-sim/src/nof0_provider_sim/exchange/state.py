"""The state of the paper venue: what the records of its life add up to."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderStatus
from nof0_core.ids import ClientOrderId, Symbol, owner_tag
from nof0_provider_sim.exchange.account import Account
from nof0_provider_sim.exchange.book import Book, Order
from nof0_provider_sim.exchange.fees import Turnover
from nof0_provider_sim.exchange.owners import Owners
from nof0_provider_sim.exchange.records import (
    FundingSettled,
    LeverageSet,
    Liquidated,
    OrderEnded,
    OrderExecuted,
    OrderTaken,
    OrderTriggered,
    Record,
)


class VenueState:
    """Account, orders, fills and funding; changes by `apply` only.

    `time_ms` is the venue's time; everything up to it has happened. Ids are counters from 1.
    `exposed_ms` says when the order was sent that last opened or enlarged the position in a coin,
    `partial_ms` when the venue last closed only a part of a big position.
    """

    def __init__(self, initial: Decimal) -> None:
        self.account = Account(initial)
        self.book = Book()
        self._owners = Owners()
        self._turnover: defaultdict[str | None, Turnover] = defaultdict(Turnover)
        self.exposed_ms: dict[Symbol, int] = {}
        self.partial_ms: int | None = None
        self.time_ms = 0
        self.next_venue_order_id = 1
        self.next_trade_id = 1
        self._fills: list[Fill] = []
        self._funding: list[FundingPayment] = []

    @property
    def is_idle(self) -> bool:
        """Return whether passing time can change nothing."""
        return not self.account.positions and not self.book.has_open

    def reducible(self, symbol: Symbol, client_id: ClientOrderId) -> Decimal:
        """Return the signed quantity in coins that a reduce-only order may shrink."""
        return self._owners.reducible(symbol, client_id, self.account.quantity(symbol))

    def turnover(self, client_id: ClientOrderId | None) -> Turnover:
        """Return what the trader whose order it is has traded; None: what no order has."""
        return self._turnover[None if client_id is None else owner_tag(client_id)]

    def fills(self, since: datetime) -> list[Fill]:
        """Return executions at or after a time, oldest first."""
        return self._fills[bisect_left(self._fills, since, key=lambda fill: fill.time) :]

    def fills_after(self, count: int) -> list[Fill]:
        """Return all executions but the first `count`, oldest first."""
        return self._fills[count:]

    def fills_of(self, order: Order) -> tuple[Fill, ...]:
        """Return the executions of an order, oldest first."""
        if not order.filled:
            return ()
        since = bisect_left(self._fills, from_ms(order.taken.at_ms), key=lambda fill: fill.time)
        mine = order.taken.client_id
        return tuple(fill for fill in self._fills[since:] if fill.client_id == mine)

    def funding(self, since: datetime) -> list[FundingPayment]:
        """Return funding payments at or after a time, oldest first."""
        return self._funding[bisect_left(self._funding, since, key=lambda paid: paid.time) :]

    def symbols(self) -> set[Symbol]:
        """Return the coins with a position or a waiting order."""
        return {*self.account.positions, *self.book.open_symbols()}

    def apply(self, record: Record) -> None:
        """Let one record happen."""
        self.time_ms = max(self.time_ms, record.at_ms)
        if isinstance(record, OrderTaken):
            self.book.add(record)
            self.next_venue_order_id = record.venue_order_id + 1
        elif isinstance(record, OrderTriggered):
            self.book.trigger(self.book.by_id(record.venue_order_id), record.at_ms)
        elif isinstance(record, OrderExecuted):
            self._execute(record)
        elif isinstance(record, OrderEnded):
            self.book.close(self.book.by_id(record.venue_order_id), record.status, record.reason)
        elif isinstance(record, Liquidated):
            self._liquidate(record)
        elif isinstance(record, FundingSettled):
            self._settle(record)
        elif isinstance(record, LeverageSet):
            self.account.set_leverage(record.symbol, record.leverage, record.mode)

    def _execute(self, record: OrderExecuted) -> None:
        order = self.book.by_id(record.venue_order_id)
        fill = Fill(
            trade_id=str(record.trade_id),
            venue_order_id=str(record.venue_order_id),
            client_id=order.taken.client_id,
            symbol=order.taken.symbol,
            side=order.taken.side,
            price=record.price,
            size=record.size,
            fee=record.fee,
            time=from_ms(record.at_ms),
            is_taker=record.is_taker,
        )
        held = self.account.quantity(fill.symbol)
        if abs(held + fill.quantity) > abs(held) or held * (held + fill.quantity) < 0:
            self.exposed_ms[fill.symbol] = order.since_ms
        self._book(fill)
        order.filled += record.size
        order.paid += record.size * record.price
        if not order.left(self.reducible(fill.symbol, order.taken.client_id)):
            self.book.close(order, OrderStatus.FILLED, "")

    def _liquidate(self, record: Liquidated) -> None:
        self._book(
            Fill(
                trade_id=str(record.trade_id),
                venue_order_id=str(record.venue_order_id),
                client_id=None,
                symbol=record.symbol,
                side=record.side,
                price=record.price,
                size=record.size,
                fee=record.fee,
                time=from_ms(record.at_ms),
                is_liquidation=True,
            ),
            keeps_margin=True,
        )
        self.next_venue_order_id = record.venue_order_id + 1
        if record.is_partial:
            self.partial_ms = record.at_ms

    def _book(self, fill: Fill, *, keeps_margin: bool = False) -> None:
        self.account.trade(
            fill.symbol, fill.quantity, fill.price, fill.fee, keeps_margin=keeps_margin
        )
        self._check()
        self._owners.book(fill)
        self.turnover(fill.client_id).add(to_ms(fill.time), fill.price * fill.size)
        self._fills.append(fill)
        self.next_trade_id = int(fill.trade_id) + 1

    def _settle(self, record: FundingSettled) -> None:
        self.account.receive_funding(record.symbol, record.amount)
        self._check()
        self._funding.append(
            FundingPayment(
                symbol=record.symbol,
                time=from_ms(record.at_ms),
                quantity=record.quantity,
                rate=record.rate,
                amount=record.amount,
            )
        )

    def _check(self) -> None:
        """Stop at once where money was made from nothing; every later number would be wrong."""
        if not self.account.is_consistent():
            message = "the account's cash is not what its trades, fees and funding add up to"
            raise ArithmeticError(message)
