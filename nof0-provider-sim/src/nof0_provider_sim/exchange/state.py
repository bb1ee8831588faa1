"""The state of the paper venue: what the records of its life add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.outcome import VenueOrder
from nof0_core.ids import ClientOrderId, Symbol, owner_tag
from nof0_provider_sim.exchange import history
from nof0_provider_sim.exchange.account import Account
from nof0_provider_sim.exchange.book import Book
from nof0_provider_sim.exchange.days import FLOOR, Days
from nof0_provider_sim.exchange.fees import Turnover
from nof0_provider_sim.exchange.history import History
from nof0_provider_sim.exchange.owners import Owners
from nof0_provider_sim.exchange.parts import Part
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
from nof0_provider_sim.exchange.rows import FILLS, FUNDING, Memory


class VenueState:
    """Account, orders, fills and funding; changes by `apply` and `end_call` only.

    `time_ms` is the venue's time; everything up to it has happened. Ids are counters from 1.
    `exposed_ms` says when the order was sent that last opened or enlarged the position in a coin,
    `partial_ms` when the venue last closed only a part of a big position. `is_whole` is False from
    when a record could not be applied.
    """

    def __init__(self, initial: Decimal, *, at_most: int | None = None) -> None:
        """Begin with `initial` USD; `at_most` things of a kind are kept as objects, else as text.

        None: as many as suits an account with a file, which has them as text anyway.
        """
        at_most = 2 * history.AT_HAND if at_most is None else at_most
        self.account = Account(initial)
        self.book = Book(at_most)
        self._owners = Owners()
        self._turnover: defaultdict[str | None, Turnover] = defaultdict(Turnover)
        self.exposed_ms: dict[Symbol, int] = {}
        self.partial_ms: int | None = None
        self.time_ms = 0
        # Of the last record: what a new process begins with, as passing time writes nothing.
        self._recorded_ms = 0
        self._days = Days()
        self.next_venue_order_id = 1
        self.next_trade_id = 1
        self._fills = History(FILLS, at_most)
        self._funding = History(FUNDING, at_most)
        self.is_whole = True

    @property
    def is_idle(self) -> bool:
        """Return whether passing time can change nothing."""
        return not self.account.positions and not self.book.has_open

    @property
    def fill_count(self) -> int:
        """Return how many executions there have been."""
        return self._fills.count

    def reducible(self, symbol: Symbol, client_id: ClientOrderId) -> Decimal:
        """Return the signed quantity in coins that a reduce-only order may shrink."""
        return self._owners.reducible(symbol, client_id, self.account.quantity(symbol))

    def turnover(self, client_id: ClientOrderId | None) -> Turnover:
        """Return what the trader whose order it is has traded; None: what no order has."""
        return self._turnover[None if client_id is None else owner_tag(client_id)]

    def fills(self, since: datetime) -> list[Fill]:
        """Return executions at or after a time, oldest first, as far as they are remembered."""
        return self._fills.since(since)

    def fills_after(self, count: int) -> list[Fill]:
        """Return all executions but the first `count` of the account's life, oldest first.

        As far as they are remembered.
        """
        return self._fills.after(count)

    def fills_of(self, order: VenueOrder) -> tuple[Fill, ...]:
        """Return the executions of an order, oldest first, as far as they are remembered."""
        return self.executions(order.client_id, order.time, order.filled_size)

    def executions(
        self, client_id: ClientOrderId | None, since: datetime, missing: Decimal
    ) -> tuple[Fill, ...]:
        """Return those of an order that came at `since` and of which `missing` coins traded."""
        if not missing:
            return ()
        found: list[Fill] = []
        # From the newest on: it is nearly always the order that traded last.
        for fill in self._fills.backwards():
            if not missing or fill.time < since:
                break
            if fill.client_id == client_id:
                found.append(fill)
                missing -= fill.size
        return tuple(reversed(found))

    def funding(self, since: datetime) -> list[FundingPayment]:
        """Return funding payments at or after a time, oldest first, as far as remembered."""
        return self._funding.since(since)

    def symbols(self) -> set[Symbol]:
        """Return the coins with a position or a waiting order."""
        return {*self.account.positions, *self.book.open_symbols()}

    def apply(self, record: Record) -> None:
        """Let one record happen."""
        was_whole, self.is_whole = self.is_whole, False
        self.time_ms = max(self.time_ms, record.at_ms)
        self._recorded_ms = max(self._recorded_ms, record.at_ms)
        if isinstance(record, OrderTaken):
            self.book.add(record)
            self.next_venue_order_id = record.venue_order_id + 1
        elif isinstance(record, OrderTriggered):
            self.book.trigger(self.book.by_id(record.venue_order_id), record.at_ms)
        elif isinstance(record, OrderExecuted):
            self._execute(record)
        elif isinstance(record, OrderEnded):
            order = self.book.by_id(record.venue_order_id)
            self.book.close(order, record.status, record.reason, record.at_ms)
        elif isinstance(record, Liquidated):
            self._liquidate(record)
        elif isinstance(record, FundingSettled):
            self._settle(record)
        elif isinstance(record, LeverageSet):
            self.account.set_leverage(record.symbol, record.leverage, record.mode)
        self.is_whole = was_whole

    def end_call(self) -> None:
        """Let the call end whose records were the last ones: time to forget what is old."""
        before_ms = self._days.reach(self._recorded_ms)
        if before_ms is not None:
            for memory in self.memories().values():
                memory.forget(before_ms, FLOOR)

    def dump(self) -> dict[str, Any]:
        """Return all but what is remembered, as JSON can hold it; that has rows of its own."""
        traded = {owner: volume for owner, volume in self._turnover.items() if volume.total}
        return {
            "at_ms": self._recorded_ms,
            "day_began_ms": list(self._days.begun),
            "next_venue_order_id": self.next_venue_order_id,
            "next_trade_id": self.next_trade_id,
            "partial_ms": self.partial_ms,
            "exposed_ms": dict(sorted(self.exposed_ms.items())),
            "account": self.account.dump(),
            "held": self._owners.dump(),
            "turnover": [
                {"trader": owner} | traded[owner].dump()
                for owner in sorted(traded, key=lambda owner: (owner is not None, owner or ""))
            ],
            "waiting": self.book.dump(),
        }

    def restore(self, part: Part) -> None:
        """Become what `dump` returned; what is remembered is to be restored after it.

        Raises:
            ValueError: it is not that; says which key.
        """
        self.time_ms = self._recorded_ms = part.whole("at_ms")
        self._days = Days(part.wholes("day_began_ms"))
        self.next_venue_order_id = part.whole("next_venue_order_id")
        self.next_trade_id = part.whole("next_trade_id")
        self.partial_ms = part.maybe(part.whole, "partial_ms")
        exposed = part.part("exposed_ms")
        self.exposed_ms = {Symbol(symbol): exposed.whole(symbol) for symbol in exposed}
        self.account.restore(part.part("account"))
        self._owners.restore(part.part("held"))
        for traded in part.parts("turnover"):
            self._turnover[traded.maybe(traded.text, "trader")].restore(traded)
        self.book.restore(part.parts("waiting"))

    def recall(self, fills: Sequence[Fill]) -> None:
        """Remember the newest executions of an account that was founded anew, oldest first."""
        self._fills.expect(gone=self.next_trade_id - 1 - len(fills), kept=0)
        for fill in fills:
            self._fills.add(fill, to_ms(fill.time))

    def memories(self) -> dict[str, Memory]:
        """Return what is remembered, by kind, in the order in which its rows are kept."""
        return {"order": self.book.ended, "fill": self._fills, "funding": self._funding}

    def check_restored(self) -> None:
        """Compare what was restored with its rows.

        Raises:
            ValueError: one is not of the other.
        """
        if self._fills.count != self.next_trade_id - 1:
            msg = "the executions are not as many as snapshot.next_trade_id tells"
            raise ValueError(msg)
        twice = [order.taken.client_id for order in self.book.open()]
        if any(client_id in self.book.ended for client_id in twice):
            msg = "an order waits and has ended"
            raise ValueError(msg)

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
        after = held + fill.quantity
        if abs(after) > abs(held) or held * after < 0:
            self.exposed_ms[fill.symbol] = order.since_ms
        self._book(fill)
        order.filled += record.size
        order.paid += record.size * record.price
        if not order.left(self.reducible(fill.symbol, order.taken.client_id)):
            self.book.close(order, OrderStatus.FILLED, "", record.at_ms)

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
        at_ms = to_ms(fill.time)
        self.turnover(fill.client_id).add(at_ms, fill.price * fill.size)
        self._fills.add(fill, at_ms)
        self.next_trade_id = int(fill.trade_id) + 1

    def _settle(self, record: FundingSettled) -> None:
        self.account.receive_funding(record.symbol, record.amount)
        self._check()
        self._funding.add(
            FundingPayment(
                symbol=record.symbol,
                time=from_ms(record.at_ms),
                quantity=record.quantity,
                rate=record.rate,
                amount=record.amount,
            ),
            record.at_ms,
        )

    def _check(self) -> None:
        """Stop at once where money was made from nothing; every later number would be wrong."""
        if not self.account.is_consistent():
            message = "the account's cash is not what its trades, fees and funding add up to"
            raise ArithmeticError(message)
