"""How each event changes the state of the ledger.

Sums are exact: events are applied in a context in which an operation that would lose a digit raises
instead. An event that cannot be true is refused before it has changed anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, Inexact, InvalidOperation, localcontext
from typing import Any

import attrs

from nof0_core.domain.event import (
    CoinRested,
    CycleEnded,
    Drift,
    EngineStarted,
    Event,
    ExitPlanSet,
    Filled,
    FundingSettled,
    HourMarked,
    Offset,
    OrderAnswered,
    OrderIntended,
    Rebalanced,
    Reconciled,
    Transferred,
)
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderPurpose, OrderStatus, Side
from nof0_core.errors import JournalError
from nof0_core.ids import Symbol, TraderId, is_shared
from nof0_core.ledger.account import Account, VenueLedger
from nof0_core.ledger.arithmetic import STRICT
from nof0_core.ledger.booking import Booking, Owner, book
from nof0_core.money import ZERO
from nof0_core.state.history import TraderHistory
from nof0_core.state.order_register import OrderRegister


class Projections:
    """State of all venue accounts, orders and traders, changed by events only."""

    def __init__(self) -> None:
        self.venue_accounts: defaultdict[str, VenueLedger] = defaultdict(VenueLedger)
        self.orders = OrderRegister()
        self.histories: dict[TraderId, TraderHistory] = {}
        self.inception: datetime | None = None
        self.rests: dict[tuple[TraderId, Symbol], CoinRested] = {}
        self.rebalances: list[tuple[datetime, Rebalanced]] = []
        self.drifts: dict[str, tuple[Drift, ...]] = {}
        self._handlers: dict[type, Callable[[Event, Any], None]] = {
            Transferred: self._transferred,
            Filled: self._filled,
            FundingSettled: self._funding_settled,
            Offset: self._offset,
            CoinRested: self._coin_rested,
            ExitPlanSet: self._exit_plan_set,
            OrderIntended: self._order_intended,
            OrderAnswered: self._order_answered,
            HourMarked: self._hour_marked,
            CycleEnded: self._cycle_ended,
            Rebalanced: self._rebalanced,
            Reconciled: self._reconciled,
            EngineStarted: self._engine_started,
        }

    def apply(self, event: Event) -> None:
        """Take over one event; kinds that say nothing about money or orders are ignored.

        Raises:
            JournalError: if the event cannot be true. Nothing has changed then.
        """
        handler = self._handlers.get(type(event.body))
        if handler is None:
            return
        try:
            with localcontext(STRICT):
                handler(event, event.body)
        except (Inexact, InvalidOperation) as error:
            raise _refused(
                event, "its numbers have more digits than can be added exactly"
            ) from error

    def account(self, event: Event, venue_account: str, trader: TraderId) -> Account:
        """Return the account an event is about; a trader's first event decides where it lives."""
        if not is_shared(trader):
            history = self.history(trader)
            if history.home is None:
                history.home = venue_account
            elif history.home != venue_account:
                problem = f"{trader} has its account at {history.home}, not in {venue_account}"
                raise _refused(event, problem)
        return self.venue_accounts[venue_account].account(trader)

    def history(self, trader: TraderId) -> TraderHistory:
        """Return a trader's history, beginning one if there is none."""
        found = self.histories.get(trader)
        if found is None:
            found = self.histories[trader] = TraderHistory()
        return found

    def _transferred(self, event: Event, body: Transferred) -> None:
        parts = self._parts(event, body.venue_account, body.amounts)
        venue_account = self.venue_accounts[body.venue_account]
        venue_account.opened_at = venue_account.opened_at or body.as_of or event.time
        venue_account.raw_usd += sum(body.amounts.values(), ZERO)
        for account, amount in parts:
            account.add(deposited=amount)
            if not is_shared(account.trader):
                self.histories[account.trader].start(event.time, amount)

    def _parts(
        self, event: Event, venue_account: str, amounts: Mapping[TraderId, Decimal]
    ) -> list[tuple[Account, Decimal]]:
        """Return accounts and amounts of a booking on several accounts, checked to be possible."""
        _require_finite(event, *amounts.values())
        parts = [(self.account(event, venue_account, t), amount) for t, amount in amounts.items()]
        for account, amount in parts:
            account.check(amount)
        return parts

    def _filled(self, event: Event, body: Filled) -> None:
        fill = body.fill
        venue_account = self.venue_accounts[body.venue_account]
        if fill.trade_id in venue_account.trade_ids or body.trader in venue_account.parts.get(
            fill.trade_id, ()
        ):
            return
        _require_finite(event, fill.size, fill.price, fill.fee)
        if fill.size <= 0 or fill.price <= 0:
            raise _refused(event, f"fill {fill.trade_id} is {fill.size} coins at {fill.price}")
        account = self.account(event, body.venue_account, body.trader)
        order = self.orders.get(fill.client_id) if fill.client_id is not None else None
        if order is not None and (order.trader, order.venue_account) != (
            body.trader,
            body.venue_account,
        ):
            order = None
        owner = Owner(
            trader=body.trader, venue_account=body.venue_account, order=order, seq=event.seq
        )
        held = account.positions.get(fill.symbol)
        booking = book(held, fill, owner)
        sums = venue_account.after(fill.symbol, fill.quantity, fill.price, fill.fee)
        account.add(realized=booking.realized, fees=fill.fee)
        # From here on nothing can fail.
        venue_account.put(fill.symbol, *sums)
        venue_account.know(body.trader, fill, body.whole)
        if booking.trade is not None:
            self.history(body.trader).trades.append(booking.trade)
        if order is not None:
            self.orders.fill(order, fill.size)
            # No order of ours was there before the account: a clock was ahead when it began.
            venue_account.opened_at = min(venue_account.opened_at or fill.time, fill.time)
        if booking.position is None:
            del account.positions[fill.symbol]
            return
        account.positions[fill.symbol] = booking.position
        if held is None or held.entry_trade_id != booking.position.entry_trade_id:
            self._link_exits(account, fill.symbol)

    def _offset(self, event: Event, body: Offset) -> None:
        _require_finite(event, body.price, *body.quantities.values())
        if body.price <= 0 or sum(body.quantities.values(), ZERO):
            raise _refused(event, f"an offset at {body.price} that does not add up to nothing")
        venue_account = self.venue_accounts[body.venue_account]
        done: list[tuple[Account, Fill, Booking]] = []
        for trader, change in body.quantities.items():
            account = self.account(event, body.venue_account, trader)
            held = account.positions.get(body.symbol)
            if held is None or change * held.quantity >= 0 or abs(change) > abs(held.quantity):
                raise _refused(event, f"{trader} does not hold {-change} {body.symbol}")
            fill = Fill(
                trade_id=f"offset-{event.seq}",
                venue_order_id=f"offset-{event.seq}",
                client_id=None,
                symbol=body.symbol,
                side=Side.BUY if change > 0 else Side.SELL,
                price=body.price,
                size=abs(change),
                fee=ZERO,
                time=event.time,
            )
            owner = Owner(
                trader=trader, venue_account=body.venue_account, order=None, seq=event.seq,
                reason=body.reason,
            )  # fmt: skip
            booking = book(held, fill, owner)
            account.check(booking.realized)
            done.append((account, fill, booking))
        # From here on nothing can fail.
        for account, fill, booking in done:
            account.add(realized=booking.realized)
            venue_account.remember(account.trader, fill)
            if booking.trade is not None:
                self.history(account.trader).trades.append(booking.trade)
            if booking.position is None:
                del account.positions[fill.symbol]
            else:
                account.positions[fill.symbol] = booking.position

    def _shorten_rest(self, trader: TraderId, symbol: Symbol) -> None:
        """Let the next rest of a coin be as short as the first; one that lasts is not ended."""
        rest = self.rests.get((trader, symbol))
        if rest is not None:
            self.rests[trader, symbol] = attrs.evolve(rest, count=0)

    def _coin_rested(self, event: Event, body: CoinRested) -> None:  # noqa: ARG002 - a handler
        self.rests[body.trader, body.symbol] = body

    def _funding_settled(self, event: Event, body: FundingSettled) -> None:
        venue_account = self.venue_accounts[body.venue_account]
        if (body.symbol, body.time) in venue_account.settlements:
            return
        parts = self._parts(event, body.venue_account, body.amounts)
        paid = sum(body.amounts.values(), ZERO)
        venue_account.raw_usd += paid
        for account, amount in parts:
            account.add(funding=amount)
            held = account.positions.get(body.symbol)
            if held is not None and held.opened_at <= body.time:
                account.positions[body.symbol] = attrs.evolve(
                    held, funding=held.funding + amount, open_funding=held.open_funding + amount
                )
        venue_account.settlements.add((body.symbol, body.time))
        venue_account.last_funding = max(venue_account.last_funding or body.time, body.time)
        if paid:
            told = venue_account.last_told_funding or body.time
            venue_account.last_told_funding = max(told, body.time)

    def _exit_plan_set(self, event: Event, body: ExitPlanSet) -> None:
        account = self.account(event, body.venue_account, body.trader)
        held = account.positions.get(body.symbol)
        if held is not None:
            account.positions[body.symbol] = attrs.evolve(
                held, plan=body.plan, protection=body.protection
            )

    def _order_intended(self, event: Event, body: OrderIntended) -> None:
        account = self.account(event, body.venue_account, body.trader)
        record = self.orders.intend(body, seq=event.seq, time=event.time)
        if record.is_exit:
            self._link_exits(account, record.symbol)

    def _order_answered(self, event: Event, body: OrderAnswered) -> None:
        record = self.orders.answer(body.outcome)
        if record is not None and record.is_exit:
            account = self.account(event, record.venue_account, record.trader)
            self._link_exits(account, record.symbol)
            if record.purpose is OrderPurpose.STOP and body.outcome.status is OrderStatus.RESTING:
                self._shorten_rest(record.trader, record.symbol)

    def _link_exits(self, account: Account, symbol: Symbol) -> None:
        """Write into a position which exit orders may be alive for it."""
        held = account.positions.get(symbol)
        if held is None:
            return
        newest = {
            record.purpose: record
            for record in self.orders.open_exits(account.trader, symbol)
            # What was intended before the position belongs to an earlier one.
            if record.seq > held.opened_seq
        }
        stop, target = newest.get(OrderPurpose.STOP), newest.get(OrderPurpose.TARGET)
        account.positions[symbol] = attrs.evolve(
            held,
            stop_id=stop.client_id if stop else None,
            take_profit_id=target.client_id if target else None,
            stop_order_id=stop.outcome.venue_order_id if stop and stop.outcome else None,
            take_profit_order_id=target.outcome.venue_order_id
            if target and target.outcome
            else None,
        )

    def _hour_marked(self, event: Event, body: HourMarked) -> None:  # noqa: ARG002 - a handler
        for state in body.accounts:
            if not is_shared(state.trader):
                self.history(state.trader).add_point(state)

    def _cycle_ended(self, event: Event, body: CycleEnded) -> None:
        self.history(body.trader).end_cycle(body, event.time)

    def _rebalanced(self, event: Event, body: Rebalanced) -> None:
        self.rebalances.append((event.time, body))

    def _reconciled(self, event: Event, body: Reconciled) -> None:  # noqa: ARG002 - a handler
        self.drifts[body.venue_account] = body.drift

    def _engine_started(self, event: Event, body: EngineStarted) -> None:  # noqa: ARG002 - a handler
        if self.inception is None:
            self.inception = event.time


def _require_finite(event: Event, *numbers: Decimal) -> None:
    """Refuse NaN and infinity: they would spread quietly through every later sum."""
    for number in numbers:
        if not number.is_finite():
            raise _refused(event, f"{number} is not an amount")


def _refused(event: Event, problem: str) -> JournalError:
    return JournalError(f"event {event.seq} ({event.body.type}) cannot be booked: {problem}")
