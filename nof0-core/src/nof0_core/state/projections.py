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
    CycleEnded,
    EngineStarted,
    Event,
    ExitPlanSet,
    Filled,
    FundingSettled,
    HourMarked,
    OrderAnswered,
    OrderIntended,
    Rebalanced,
    Transferred,
)
from nof0_core.errors import JournalError
from nof0_core.ids import RESERVE, UNASSIGNED, Symbol, TraderId
from nof0_core.ledger.account import Account, Section
from nof0_core.ledger.arithmetic import STRICT
from nof0_core.ledger.booking import Owner, book
from nof0_core.money import ZERO
from nof0_core.state.history import TraderHistory
from nof0_core.state.order_register import OrderRegister

SHARED = frozenset({RESERVE, UNASSIGNED})
"""Accounts that exist once in every section."""


class Projections:
    """State of all sections, orders and traders, changed by events only."""

    def __init__(self) -> None:
        self.sections: defaultdict[str, Section] = defaultdict(Section)
        self.orders = OrderRegister()
        self.activities: dict[TraderId, TraderHistory] = {}
        self.inception: datetime | None = None
        self.rebalances: list[tuple[datetime, Rebalanced]] = []
        self._handlers: dict[type, Callable[[Event, Any], None]] = {
            Transferred: self._transferred,
            Filled: self._filled,
            FundingSettled: self._funding_settled,
            ExitPlanSet: self._exit_plan_set,
            OrderIntended: self._order_intended,
            OrderAnswered: self._order_answered,
            HourMarked: self._hour_marked,
            CycleEnded: self._cycle_ended,
            Rebalanced: self._rebalanced,
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

    def account(self, event: Event, section: str, trader: TraderId) -> Account:
        """Return the account an event is about; a trader's first event decides where it lives."""
        if trader not in SHARED:
            activity = self.activity(trader)
            if activity.home is None:
                activity.home = section
            elif activity.home != section:
                problem = f"{trader} has its account in section {activity.home}, not in {section}"
                raise _refused(event, problem)
        return self.sections[section].account(trader)

    def activity(self, trader: TraderId) -> TraderHistory:
        """Return a trader's history, beginning one if there is none."""
        found = self.activities.get(trader)
        if found is None:
            found = self.activities[trader] = TraderHistory()
        return found

    def _transferred(self, event: Event, body: Transferred) -> None:
        parts = self._parts(event, body.section, body.amounts)
        section = self.sections[body.section]
        section.opened_at = section.opened_at or event.time
        section.raw_usd += sum(body.amounts.values(), ZERO)
        for account, amount in parts:
            account.add(deposited=amount)
            if account.trader not in SHARED:
                self.activities[account.trader].start(event.time, amount)

    def _parts(
        self, event: Event, section: str, amounts: Mapping[TraderId, Decimal]
    ) -> list[tuple[Account, Decimal]]:
        """Return accounts and amounts of a booking on several accounts, checked to be possible."""
        _require_finite(event, *amounts.values())
        parts = [(self.account(event, section, t), amount) for t, amount in amounts.items()]
        for account, amount in parts:
            account.check(amount)
        return parts

    def _filled(self, event: Event, body: Filled) -> None:
        fill = body.fill
        section = self.sections[body.section]
        if fill.fill_id in section.fill_ids or body.trader in section.parts.get(fill.fill_id, ()):
            return
        _require_finite(event, fill.size, fill.price, fill.fee)
        if fill.size <= 0 or fill.price <= 0:
            raise _refused(event, f"fill {fill.fill_id} is {fill.size} coins at {fill.price}")
        account = self.account(event, body.section, body.trader)
        order = self.orders.get(fill.client_id) if fill.client_id is not None else None
        if order is not None and (order.trader, order.section) != (body.trader, body.section):
            order = None
        owner = Owner(trader=body.trader, section=body.section, order=order, seq=event.seq)
        held = account.positions.get(fill.symbol)
        booking = book(held, fill, owner)
        sums = section.after(fill.symbol, fill.signed_size, fill.price, fill.fee)
        account.add(realized=booking.realized, fees=fill.fee)
        # From here on nothing can fail.
        section.put(fill.symbol, *sums)
        section.know(body.trader, fill, body.whole)
        if booking.trade is not None:
            self.activity(body.trader).trades.append(booking.trade)
        if order is not None:
            self.orders.fill(order, fill.size)
        if booking.position is None:
            del account.positions[fill.symbol]
            return
        account.positions[fill.symbol] = booking.position
        if held is None or held.entry_fill_id != booking.position.entry_fill_id:
            self._link_exits(account, fill.symbol)

    def _funding_settled(self, event: Event, body: FundingSettled) -> None:
        section = self.sections[body.section]
        if (body.symbol, body.time) in section.settlements:
            return
        parts = self._parts(event, body.section, body.amounts)
        section.raw_usd += sum(body.amounts.values(), ZERO)
        for account, amount in parts:
            account.add(funding=amount)
            held = account.positions.get(body.symbol)
            if held is not None and held.opened_at <= body.time:
                account.positions[body.symbol] = attrs.evolve(
                    held, funding=held.funding + amount, open_funding=held.open_funding + amount
                )
        section.settlements.add((body.symbol, body.time))
        section.last_funding = max(section.last_funding or body.time, body.time)

    def _exit_plan_set(self, event: Event, body: ExitPlanSet) -> None:
        account = self.account(event, body.section, body.trader)
        held = account.positions.get(body.symbol)
        if held is not None:
            account.positions[body.symbol] = attrs.evolve(
                held, plan=body.plan, protection=body.protection
            )

    def _order_intended(self, event: Event, body: OrderIntended) -> None:
        account = self.account(event, body.section, body.trader)
        record = self.orders.intend(body, seq=event.seq, time=event.time)
        if record.is_exit:
            self._link_exits(account, record.symbol)

    def _order_answered(self, event: Event, body: OrderAnswered) -> None:
        record = self.orders.answer(body.outcome)
        if record is not None and record.is_exit:
            account = self.account(event, record.section, record.trader)
            self._link_exits(account, record.symbol)

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
        stop, target = newest.get("stop"), newest.get("target")
        account.positions[symbol] = attrs.evolve(
            held,
            stop_id=stop.client_id if stop else None,
            target_id=target.client_id if target else None,
            stop_venue_id=stop.outcome.venue_id if stop and stop.outcome else None,
            target_venue_id=target.outcome.venue_id if target and target.outcome else None,
        )

    def _hour_marked(self, event: Event, body: HourMarked) -> None:  # noqa: ARG002 - a handler
        for state in body.accounts:
            if state.trader not in SHARED:
                self.activity(state.trader).mark(state)

    def _cycle_ended(self, event: Event, body: CycleEnded) -> None:
        self.activity(body.trader).end_cycle(body, event.time)

    def _rebalanced(self, event: Event, body: Rebalanced) -> None:
        self.rebalances.append((event.time, body))

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
