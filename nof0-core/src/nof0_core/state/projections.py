"""How each event changes the state of the ledger.

Each event is reckoned through first, in a context in which an operation that would lose a digit
raises instead: what comes of it is a `Change` that only puts in place what was reckoned. An event
that cannot be true is refused there, before it is written anywhere and before anything has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
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
from nof0_core.ids import Symbol, TraderId, is_shared
from nof0_core.ledger.account import Account, Sums, VenueLedger
from nof0_core.ledger.arithmetic import STRICT
from nof0_core.ledger.booking import Booking, Owner, book
from nof0_core.ledger.position import Position
from nof0_core.money import ZERO
from nof0_core.state.changes import Change, refused, unchanged
from nof0_core.state.feedback import answer_in
from nof0_core.state.growth import grown, note_ruin
from nof0_core.state.history import TraderHistory
from nof0_core.state.order_register import OrderRegister

LARGEST = Decimal(10**15)
"""Prices, sizes and amounts are below; figures made of them then keep all their decimals."""


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
        self._handlers: dict[type, Callable[[Event, Any], Change]] = {
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

    def prepare(self, event: Event) -> Change:
        """Return how to take over one event, in O(1); that cannot fail and comes before any other.

        Kinds that say nothing about money or orders change nothing.

        Raises:
            UnbookableError: if the event cannot be true.
        """
        handler = self._handlers.get(type(event.body))
        if handler is None:
            return unchanged
        try:
            with localcontext(STRICT):
                change: Change = handler(event, event.body)
        except (Inexact, InvalidOperation) as error:
            raise refused(
                event, "its numbers have more digits than can be added exactly"
            ) from error
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise refused(event, f"it holds what nobody can reckon with ({error})") from error
        return change

    def history(self, trader: TraderId) -> TraderHistory:
        """Return a trader's history, beginning one if there is none."""
        found = self.histories.get(trader)
        if found is None:
            found = self.histories[trader] = TraderHistory()
        return found

    def _venue(self, venue_account: str) -> VenueLedger:
        """Return a venue account; a new one is none of ours before `_settle`."""
        return self.venue_accounts.get(venue_account) or VenueLedger()

    def _account(
        self, event: Event, venue: VenueLedger, venue_account: str, trader: TraderId
    ) -> Account:
        """Return the account an event is about; a new one is none of ours before `_settle`."""
        if not is_shared(trader):
            history = self.histories.get(trader)
            if history is not None and history.home not in (None, venue_account):
                problem = f"{trader} has its account at {history.home}, not in {venue_account}"
                raise refused(event, problem)
        return venue.accounts.get(trader) or Account(trader=trader)

    def _settle(self, venue_account: str, venue: VenueLedger, account: Account) -> None:
        """Keep an account; a trader's first event decides where it lives."""
        self.venue_accounts.setdefault(venue_account, venue)
        venue.accounts.setdefault(account.trader, account)
        if not is_shared(account.trader):
            self.history(account.trader).home = venue_account

    def _transferred(self, event: Event, body: Transferred) -> Change:
        _require_amount(event, *body.amounts.values(), *body.equities.values())
        venue = self._venue(body.venue_account)
        raw_usd = venue.raw_usd + sum(body.amounts.values(), ZERO)
        parts = [
            (account, amount, account.after(deposited=amount), grown(event, body, account))
            for trader, amount in body.amounts.items()
            for account in [self._account(event, venue, body.venue_account, trader)]
        ]

        def change() -> None:
            venue.opened_at = venue.opened_at or body.as_of or event.time
            venue.raw_usd = raw_usd
            for account, amount, sums, growth in parts:
                self._settle(body.venue_account, venue, account)
                account.put(sums)
                account.growth = growth
                if not is_shared(account.trader):
                    self.history(account.trader).start(event.time, amount)

        return change

    def _filled(self, event: Event, body: Filled) -> Change:
        fill = body.fill
        venue = self._venue(body.venue_account)
        if fill.trade_id in venue.trade_ids or body.trader in venue.parts.get(fill.trade_id, ()):
            return unchanged
        _require_amount(event, fill.size, fill.price, fill.fee, body.whole or ZERO)
        if fill.size <= 0 or fill.price <= 0:
            raise refused(event, f"fill {fill.trade_id} is {fill.size} coins at {fill.price}")
        account = self._account(event, venue, body.venue_account, body.trader)
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
        net = venue.after(fill.symbol, fill.quantity, fill.price, fill.fee)
        sums = account.after(realized=booking.realized, fees=fill.fee)
        know = venue.knowing(body.trader, fill, body.whole)
        filled = attrs.evolve(order, filled=order.filled + fill.size) if order else None
        # No order of ours was there before the account: a clock was ahead when it began.
        opened_at = min(venue.opened_at or fill.time, fill.time) if order else venue.opened_at

        def change() -> None:
            self._settle(body.venue_account, venue, account)
            account.put(sums)
            venue.put(fill.symbol, *net)
            know()
            venue.opened_at = opened_at
            if booking.trade is not None:
                self.history(body.trader).trades.append(booking.trade)
            if filled is not None:
                self.orders.put(filled)
            _hold(account, fill.symbol, booking.position)
            if booking.position is not None and (
                held is None or held.entry_trade_id != booking.position.entry_trade_id
            ):
                self._link_exits(account, fill.symbol)

        return change

    def _offset(self, event: Event, body: Offset) -> Change:
        _require_amount(event, body.price, *body.quantities.values())
        if body.price <= 0 or sum(body.quantities.values(), ZERO):
            raise refused(event, f"an offset at {body.price} that does not add up to nothing")
        venue = self._venue(body.venue_account)
        done: list[tuple[Account, Sums, Fill, Booking]] = []
        for trader, quantity in body.quantities.items():
            account = self._account(event, venue, body.venue_account, trader)
            held = account.positions.get(body.symbol)
            if held is None or quantity * held.quantity >= 0 or abs(quantity) > abs(held.quantity):
                raise refused(event, f"{trader} does not hold {-quantity} {body.symbol}")
            fill = Fill(
                trade_id=f"offset-{event.seq}",
                venue_order_id=f"offset-{event.seq}",
                client_id=None,
                symbol=body.symbol,
                side=Side.BUY if quantity > 0 else Side.SELL,
                price=body.price,
                size=abs(quantity),
                fee=ZERO,
                time=event.time,
            )
            owner = Owner(
                trader=trader, venue_account=body.venue_account, order=None, seq=event.seq,
                reason=body.reason,
            )  # fmt: skip
            booking = book(held, fill, owner)
            done.append((account, account.after(realized=booking.realized), fill, booking))

        def change() -> None:
            for account, sums, fill, booking in done:
                account.put(sums)
                venue.remember(account.trader, fill)
                if booking.trade is not None:
                    self.history(account.trader).trades.append(booking.trade)
                _hold(account, fill.symbol, booking.position)

        return change

    def _shorten_rest(self, trader: TraderId, symbol: Symbol) -> None:
        """Let the next rest of a coin be as short as the first; one that lasts is not ended."""
        rest = self.rests.get((trader, symbol))
        if rest is not None:
            self.rests[trader, symbol] = attrs.evolve(rest, count=0)

    def _coin_rested(self, event: Event, body: CoinRested) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            self.rests[body.trader, body.symbol] = body

        return change

    def _funding_settled(self, event: Event, body: FundingSettled) -> Change:
        venue = self._venue(body.venue_account)
        if (body.symbol, body.time) in venue.settlements:
            return unchanged
        _require_amount(event, *body.amounts.values())
        paid = sum(body.amounts.values(), ZERO)
        raw_usd = venue.raw_usd + paid
        parts = []
        for trader, amount in body.amounts.items():
            account = self._account(event, venue, body.venue_account, trader)
            held = account.positions.get(body.symbol)
            if held is not None and held.opened_at <= body.time:
                held = attrs.evolve(
                    held, funding=held.funding + amount, open_funding=held.open_funding + amount
                )
            parts.append((account, account.after(funding=amount), held))
        newest = max(venue.last_funding or body.time, body.time)
        told = max(venue.last_told_funding or body.time, body.time)

        def change() -> None:
            # Also one of which nobody has a share is known from now on.
            self.venue_accounts.setdefault(body.venue_account, venue)
            venue.raw_usd = raw_usd
            for account, sums, held in parts:
                self._settle(body.venue_account, venue, account)
                account.put(sums)
                _hold(account, body.symbol, held)
            venue.settlements.add((body.symbol, body.time))
            venue.last_funding = newest
            if paid:
                venue.last_told_funding = told

        return change

    def _exit_plan_set(self, event: Event, body: ExitPlanSet) -> Change:
        venue = self._venue(body.venue_account)
        account = self._account(event, venue, body.venue_account, body.trader)

        def change() -> None:
            self._settle(body.venue_account, venue, account)
            held = account.positions.get(body.symbol)
            if held is not None:
                account.positions[body.symbol] = attrs.evolve(
                    held, plan=body.plan, protection=body.protection, protected_at=event.time
                )

        return change

    def _order_intended(self, event: Event, body: OrderIntended) -> Change:
        venue, request = self._venue(body.venue_account), body.request
        account = self._account(event, venue, body.venue_account, body.trader)
        _require_amount(event, request.size, request.limit_price, body.risk_usd)

        def change() -> None:
            self._settle(body.venue_account, venue, account)
            record = self.orders.intend(body, seq=event.seq, time=event.time)
            if record.is_exit:
                self._link_exits(account, record.symbol)

        return change

    def _order_answered(self, event: Event, body: OrderAnswered) -> Change:
        known = self.orders.get(body.outcome.client_id)
        if known is None:
            return unchanged
        _require_amount(event, body.outcome.filled_size, body.outcome.average_price or ZERO)
        record = attrs.evolve(known, outcome=body.outcome)
        venue = self._venue(record.venue_account)
        account = self._account(event, venue, record.venue_account, record.trader)

        def change() -> None:
            self.orders.put(record)
            if not record.is_exit:
                return
            self._link_exits(account, record.symbol)
            if record.purpose is OrderPurpose.STOP and body.outcome.status is OrderStatus.RESTING:
                self._shorten_rest(record.trader, record.symbol)

        return change

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

    def _hour_marked(self, event: Event, body: HourMarked) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            for state in body.accounts:
                if not is_shared(state.trader):
                    history = self.history(state.trader)
                    history.add_point(state)
                    note_ruin(self.venue_accounts, history.home, state)

        return change

    def _cycle_ended(self, event: Event, body: CycleEnded) -> Change:
        answer = answer_in(body, event.time)

        def change() -> None:
            history = self.history(body.trader)
            history.end_cycle(body, answer)
            note_ruin(self.venue_accounts, history.home, body.account)

        return change

    def _rebalanced(self, event: Event, body: Rebalanced) -> Change:
        return lambda: self.rebalances.append((event.time, body))

    def _reconciled(self, event: Event, body: Reconciled) -> Change:  # noqa: ARG002 - a handler
        return lambda: self.drifts.update({body.venue_account: body.drift})

    def _engine_started(self, event: Event, body: EngineStarted) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            self.inception = self.inception or event.time

        return change


def _hold(account: Account, symbol: Symbol, position: Position | None) -> None:
    """Let an account hold this of a coin from now on, None for nothing."""
    if position is None:
        account.positions.pop(symbol, None)
    else:
        account.positions[symbol] = position


def _require_amount(event: Event, *numbers: Decimal) -> None:
    """Refuse what would spread quietly through every later sum: NaN, infinity, endless digits."""
    for number in numbers:
        if not number.is_finite() or number.copy_abs() >= LARGEST:
            raise refused(event, f"{number} is not an amount")
