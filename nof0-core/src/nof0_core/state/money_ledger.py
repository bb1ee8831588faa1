"""Money: how each event changes accounts, positions and the sums that venues must show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar

from msgspec.structs import replace

from nof0_core.domain.body import Body
from nof0_core.domain.event import (
    CycleEnded,
    Drift,
    Event,
    ExitPlanSet,
    Filled,
    FundingSettled,
    HourMarked,
    HoursMarked,
    Offset,
    OrderAnswered,
    OrderIntended,
    Reconciled,
    Transferred,
)
from nof0_core.domain.evolving import evolved
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderPurpose, Side
from nof0_core.ids import Symbol, TraderId, is_shared
from nof0_core.ledger.account import Account, Sums, VenueLedger
from nof0_core.ledger.booking import Booking, Owner, book
from nof0_core.ledger.position import Position
from nof0_core.money import ZERO
from nof0_core.state.amounts import require_amount
from nof0_core.state.changes import Change, refused, unchanged
from nof0_core.state.growth import grown, note_ruin
from nof0_core.state.histories import Histories
from nof0_core.state.ledger_dump import dumped, loaded
from nof0_core.state.order_register import OrderRegister
from nof0_core.state.projection import Handler


class MoneyLedger:
    """The ledger of each venue account, changed by events only.

    Whose a fill is, and by which order, the register of orders knows: it takes over an event before
    the ledger does. What the ledger finds out goes on from here: executed sizes to the orders,
    closed trades to the histories. `homes` has the venue account of each trader's account, `drifts`
    on what ledger and exchange account differed when that was recorded last.
    """

    name: ClassVar[str] = "ledger"
    version: ClassVar[int] = 1

    def __init__(self, orders: OrderRegister, histories: Histories) -> None:
        self._orders = orders
        self._histories = histories
        self.venue_accounts: defaultdict[str, VenueLedger] = defaultdict(VenueLedger)
        self.homes: dict[TraderId, str] = {}
        self.drifts: dict[str, tuple[Drift, ...]] = {}

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""
        return {
            Transferred: self._transferred,
            Filled: self._filled,
            FundingSettled: self._funding_settled,
            Offset: self._offset,
            ExitPlanSet: self._exit_plan_set,
            OrderIntended: self._order_intended,
            OrderAnswered: self._order_answered,
            HourMarked: self._hour_marked,
            HoursMarked: self._hour_marked,
            CycleEnded: self._cycle_ended,
            Reconciled: self._reconciled,
        }

    def is_booked(self, venue_account: str, fill: Fill) -> bool:
        """Tell whether an execution was booked, or is so old that it must have been.

        One of an order of which more was answered than booked is new, however old it is.
        """
        venue = self._venue(venue_account)
        if not venue.knows(fill.trade_id, fill.time):
            return False
        order = self._orders.get(fill.client_id) if fill.client_id is not None else None
        return venue.knows(fill.trade_id) or order is None or not order.unbooked

    def dump(self) -> bytes:
        """Return all of it."""
        return dumped(self.venue_accounts, self.homes, self.drifts)

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        found = loaded(data)
        self.venue_accounts.update(found.ledgers())
        self.homes, self.drifts = found.homes, found.drifts

    def _venue(self, venue_account: str) -> VenueLedger:
        """Return a venue account; a new one is none of ours before `_settle`."""
        return self.venue_accounts.get(venue_account) or VenueLedger()

    def _account(
        self, event: Event, venue: VenueLedger, venue_account: str, trader: TraderId
    ) -> Account:
        """Return the account an event is about; a new one is none of ours before `_settle`."""
        if not is_shared(trader):
            home = self.homes.get(trader, venue_account)
            if home != venue_account:
                problem = f"{trader} has its account at {home}, not in {venue_account}"
                raise refused(event, problem)
        return venue.accounts.get(trader) or Account(trader=trader)

    def _settle(self, venue_account: str, venue: VenueLedger, account: Account) -> None:
        """Keep an account; a trader's first event decides where it lives."""
        self.venue_accounts.setdefault(venue_account, venue)
        venue.accounts.setdefault(account.trader, account)
        if not is_shared(account.trader):
            self.homes[account.trader] = venue_account

    def _transferred(self, event: Event, body: Transferred) -> Change:
        require_amount(event, *body.amounts.values(), *body.equities.values())
        venue = self._venue(body.venue_account)
        raw_usd = venue.raw_usd + sum(body.amounts.values(), ZERO)
        parts = [
            (account, account.after(deposited=amount), grown(event, body, account))
            for trader, amount in body.amounts.items()
            for account in [self._account(event, venue, body.venue_account, trader)]
        ]

        def change() -> None:
            venue.opened_at = venue.opened_at or body.as_of or event.time
            venue.raw_usd = raw_usd
            for account, sums, growth in parts:
                self._settle(body.venue_account, venue, account)
                account.put(sums)
                account.growth = growth

        return change

    def _filled(self, event: Event, body: Filled) -> Change:
        fill = body.fill
        venue = self._venue(body.venue_account)
        if venue.knows(fill.trade_id) or body.trader in venue.parts.get(fill.trade_id, ()):
            return unchanged
        require_amount(event, fill.size, fill.price, fill.fee, body.whole or ZERO)
        if fill.size <= 0 or fill.price <= 0:
            raise refused(event, f"fill {fill.trade_id} is {fill.size} coins at {fill.price}")
        account = self._account(event, venue, body.venue_account, body.trader)
        order = self._orders.get(fill.client_id) if fill.client_id is not None else None
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
        close = self._closed(booking)
        filled = evolved(order, filled=order.filled + fill.size) if order else None
        # No order of ours was there before the account: a clock was ahead when it began.
        opened_at = min(venue.opened_at or fill.time, fill.time) if order else venue.opened_at

        def change() -> None:
            self._settle(body.venue_account, venue, account)
            account.put(sums)
            venue.put(fill.symbol, *net)
            know()
            venue.opened_at = opened_at
            close()
            if filled is not None:
                self._orders.put(filled, event.time)
            _hold(account, fill.symbol, booking.position)
            if booking.position is not None and (
                held is None or held.entry_trade_id != booking.position.entry_trade_id
            ):
                self._link_exits(account, fill.symbol)

        return change

    def _closed(self, booking: Booking) -> Change:
        return unchanged if booking.trade is None else self._histories.closed(booking.trade)

    def _offset(self, event: Event, body: Offset) -> Change:
        require_amount(event, body.price, *body.quantities.values())
        if body.price <= 0 or sum(body.quantities.values(), ZERO):
            raise refused(event, f"an offset at {body.price} that does not add up to nothing")
        venue = self._venue(body.venue_account)
        done: list[tuple[Account, Sums, Fill, Booking, Change]] = []
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
            sums = account.after(realized=booking.realized)
            done.append((account, sums, fill, booking, self._closed(booking)))

        def change() -> None:
            for account, sums, fill, booking, close in done:
                account.put(sums)
                venue.remember(account.trader, fill)
                close()
                _hold(account, fill.symbol, booking.position)

        return change

    def _funding_settled(self, event: Event, body: FundingSettled) -> Change:
        venue = self._venue(body.venue_account)
        if (body.symbol, body.time) in venue.settlements:
            return unchanged
        require_amount(event, *body.amounts.values())
        paid = sum(body.amounts.values(), ZERO)
        raw_usd = venue.raw_usd + paid
        parts = []
        for trader, amount in body.amounts.items():
            account = self._account(event, venue, body.venue_account, trader)
            held = account.positions.get(body.symbol)
            if held is not None and held.opened_at <= body.time:
                held = replace(
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
            venue.note_settlement(body.symbol, body.time)
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
                account.positions[body.symbol] = replace(
                    held, plan=body.plan, protection=body.protection, protected_at=event.time
                )

        return change

    def _order_intended(self, event: Event, body: OrderIntended) -> Change:
        venue, client_id = self._venue(body.venue_account), body.request.client_id
        account = self._account(event, venue, body.venue_account, body.trader)

        def change() -> None:
            self._settle(body.venue_account, venue, account)
            record = self._orders.get(client_id)
            if record is not None and record.is_exit:
                self._link_exits(account, record.symbol)

        return change

    def _order_answered(self, event: Event, body: OrderAnswered) -> Change:
        known = self._orders.get(body.outcome.client_id)
        if known is None:
            return unchanged
        venue = self._venue(known.venue_account)
        account = self._account(event, venue, known.venue_account, known.trader)
        if not known.is_exit:
            return unchanged
        return lambda: self._link_exits(account, known.symbol)

    def _link_exits(self, account: Account, symbol: Symbol) -> None:
        """Write into a position which exit orders may be alive for it."""
        held = account.positions.get(symbol)
        if held is None:
            return
        stop = target = None
        for record in self._orders.open_exits(account.trader, symbol):
            if record.seq <= held.opened_seq:
                # What was intended before the position belongs to an earlier one.
                continue
            if record.purpose is OrderPurpose.STOP:
                stop = record
            else:
                target = record
        account.positions[symbol] = replace(
            held,
            stop_id=stop.client_id if stop else None,
            take_profit_id=target.client_id if target else None,
            stop_order_id=stop.outcome.venue_order_id if stop and stop.outcome else None,
            take_profit_order_id=target.outcome.venue_order_id
            if target and target.outcome
            else None,
        )

    def _hour_marked(self, event: Event, body: HourMarked | HoursMarked) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            for state in body.accounts:
                if not is_shared(state.trader):
                    note_ruin(self.venue_accounts, self.homes.get(state.trader), state)

        return change

    def _cycle_ended(self, event: Event, body: CycleEnded) -> Change:  # noqa: ARG002 - a handler
        return lambda: note_ruin(self.venue_accounts, self.homes.get(body.trader), body.account)

    def _reconciled(self, event: Event, body: Reconciled) -> Change:  # noqa: ARG002 - a handler
        return lambda: self.drifts.update({body.venue_account: body.drift})


def _hold(account: Account, symbol: Symbol, position: Position | None) -> None:
    """Let an account hold this of a coin from now on, None for nothing."""
    if position is None:
        account.positions.pop(symbol, None)
    else:
        account.positions[symbol] = position
