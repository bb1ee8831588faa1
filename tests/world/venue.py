"""One account at a venue, as it truly is, with a person who has the password."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal as D

import attrs
from world.clock import WorldClock
from world.loop import nap, now

from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderStatus, Side, TriggerKind
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import VenuePosition
from nof0_core.errors import RejectedError
from nof0_core.money import exactly, floor_to
from nof0_core.protocols import Capability
from nof0_core.testing.market import INSTRUMENTS

ACCOUNT = "paper"
CAPITAL = D(20_000)
FEE, RATE = D("0.00045"), D("0.0000125")
PRICES = {"BTC": D(100_000), "ETH": D(4000), "DOGE": D("0.2")}
ALL = frozenset(
    {
        Capability.TRIGGER_ORDERS, Capability.REDUCE_ONLY, Capability.BATCH, Capability.FUNDING,
        Capability.PROOF, Capability.EXPIRY,
    }
)  # fmt: skip
OPTIONAL = tuple(sorted(ALL - {Capability.TRIGGER_ORDERS}))
ZERO = D(0)


class WorldVenue:
    """Nets exactly, fires triggers on the mark, and takes its time for every answer.

    What varies is its `mood`: `refuse_stops` says no to triggers, `refuse_leverage` to leverage,
    `thin` lets one order in so many find only a part of its size or nothing. `on_fill(order, fill,
    before, after)` hears of every execution with the net position before and after; `order` is
    None for what a person did. `on_loss(order)` hears of a waiting order that waits no more.
    """

    def __init__(
        self, rng: random.Random, clock: WorldClock, capabilities: Iterable[Capability] = ALL
    ) -> None:
        self.capabilities = frozenset(capabilities)
        self.rng, self.clock = rng, clock
        self.prices = dict(PRICES)
        self.raw = CAPITAL
        self.sizes: dict[str, D] = {}
        self.costs: dict[str, D] = {}
        self.orders: dict[str, VenueOrder] = {}
        self.waiting: dict[str, VenueOrder] = {}
        self.executed: list[Fill] = []
        self.paid: list[FundingPayment] = []
        self.moved: list[D] = []
        self.settled = float("-inf")
        self.leverage: dict[str, int] = {}
        self.refuse_stops = self.refuse_leverage = False
        self.thin = 0
        self.on_fill: Callable[..., None] = lambda *_: None
        self.on_loss: Callable[[VenueOrder], None] = lambda _: None
        self._hour = clock.start.replace(minute=0, second=0, microsecond=0)
        if Capability.FUNDING in self.capabilities:
            self.funding = self._funding
        if Capability.PROOF in self.capabilities:
            self.prove = self._prove

    # --- what it answers ---

    @exactly
    async def report(self):
        await self._travel()
        worth = sum((q * self.prices[s] for s, q in self.sizes.items()), ZERO)
        now = self.clock.true()
        account = VenueAccount(
            time=now, equity=self.raw + worth, raw_usd=self.raw, margin_used=ZERO,
            available=self.raw + worth,
        )  # fmt: skip
        positions = tuple(self._position(s, q) for s, q in self.sizes.items() if q)
        report = AccountReport(
            time=now, account=account, positions=positions, orders=tuple(self.resting())
        )
        await self._travel()
        return report

    @exactly
    async def place(self, requests, *, expires_at):
        await self._travel()
        is_late = expires_at is not None and self.clock.true() > expires_at
        outcomes = [self._accept(request, is_late=is_late) for request in requests]
        await self._travel()
        return outcomes

    async def cancel(self, client_ids):
        await self._travel()
        outcomes = [self._cancel(client_id) for client_id in client_ids]
        await self._travel()
        return outcomes

    async def order(self, client_id):
        await self._travel()
        return self.orders.get(client_id)

    async def fills(self, since):
        await self._travel()
        return [f for f in self.executed if f.time >= since]

    async def _funding(self, since):
        await self._travel()
        return [p for p in self.paid if p.time >= since]

    async def _prove(self, client_id):
        await self._travel()
        return self.orders.get(client_id)

    async def set_leverage(self, symbol, leverage, margin_mode):
        await self._travel()
        if self.refuse_leverage:
            raise RejectedError("Invalid leverage value")
        self.leverage[symbol] = leverage

    def resting(self):
        return list(self.waiting.values())

    # --- what happens at it ---

    @exactly
    def move(self, symbol, mark):
        """Move the mark and let what it triggers happen, stops first."""
        self.prices[symbol] = mark
        for order in sorted(self.resting(), key=lambda o: o.trigger.kind is TriggerKind.TARGET):
            if order.symbol != symbol or self.orders[order.client_id] is not order:
                continue
            falls = (order.side is Side.SELL) == (order.trigger.kind is TriggerKind.STOP)
            if mark <= order.trigger.price if falls else mark >= order.trigger.price:
                self.fire(order)

    @exactly
    def fire(self, order):
        """Let a waiting order trade."""
        self.on_loss(order)
        held = self.sizes.get(order.symbol, ZERO)
        left = abs(held) if held * order.side.sign < 0 else ZERO
        self._execute(order, min(order.size, left))

    @exactly
    def pass_time(self):
        """Settle funding for each full hour that has passed."""
        while self._hour + timedelta(hours=1) <= self.clock.true():
            self._hour += timedelta(hours=1)
            for symbol, size in self.sizes.items():
                if size:
                    self._settle(symbol, size)

    @exactly
    def trade_by_hand(self, symbol, side, size):
        """Let a person trade in the venue's own screen."""
        self._book(None, symbol, side, size)

    def cancel_by_hand(self, order):
        """Let a person cancel an order, or let the venue lose it."""
        self.on_loss(order)
        self._end(order, status=OrderStatus.CANCELED)

    def move_cash(self, amount):
        """Let a person pay in, or out."""
        self.raw += amount
        self.moved.append(amount)

    # --- inside ---

    async def _travel(self):
        await nap(self.rng.uniform(0.01, 0.2))

    def _position(self, symbol, size):
        entry = abs(self.costs[symbol] / size)
        return VenuePosition(
            symbol=symbol, quantity=size, entry_price=entry,
            leverage=self.leverage.get(symbol, 5), margin_used=ZERO,
            unrealized_pnl=size * self.prices[symbol] - self.costs[symbol],
        )  # fmt: skip

    def _settle(self, symbol, size):
        self.settled = now()
        amount = -size * self.prices[symbol] * RATE
        self.raw += amount
        if Capability.FUNDING in self.capabilities:
            self.paid.append(
                FundingPayment(
                    symbol=symbol, time=self._hour, quantity=size, rate=RATE, amount=amount
                )
            )
        else:
            self.moved.append(amount)

    def _cancel(self, client_id):
        order = self.orders.get(client_id)
        if order is None:
            reason = "Order was never placed, already canceled, or filled."
            return OrderOutcome(client_id=client_id, status=OrderStatus.REJECTED, reason=reason)
        if order.status is OrderStatus.RESTING:
            order = self._end(order, status=OrderStatus.CANCELED)
        return order.outcome(client_id)

    def _accept(self, request, *, is_late):
        known = self.orders.get(request.client_id)
        if known is None:
            self.orders[request.client_id] = VenueOrder(
                client_id=request.client_id, venue_order_id=str(len(self.orders) + 1),
                symbol=request.symbol, side=request.side, size=request.size, filled_size=ZERO,
                limit_price=request.limit_price, status=OrderStatus.RESTING,
                time=self.clock.true(), is_reduce_only=request.is_reduce_only,
                trigger=request.trigger,
            )  # fmt: skip
            self._decide(self.orders[request.client_id], is_late=is_late)
        return self.orders[request.client_id].outcome(request.client_id)

    def _decide(self, order, *, is_late):
        room = -self.sizes.get(order.symbol, ZERO) * order.side.sign
        mark = self.prices[order.symbol]
        if is_late:
            self._refuse(order, "Order has expired.")
        elif order.trigger is not None:
            self.waiting[order.client_id] = order
            if self.refuse_stops:
                self._refuse(order, "Invalid TP/SL price.")
        elif order.is_reduce_only and room <= 0:
            self._refuse(order, "Reduce only order would increase position.")
        elif (mark - order.limit_price) * order.side.sign > 0:
            self._execute(order, ZERO)
        else:
            size = min(order.size, room) if order.is_reduce_only else order.size
            if self.thin and not self.rng.randrange(self.thin):
                lot = INSTRUMENTS[order.symbol].lot
                size = floor_to(size * self.rng.choice((ZERO, D("0.3"), D("0.7"))), lot)
            self._execute(order, size)

    def _refuse(self, order, reason):
        self._end(order, status=OrderStatus.REJECTED, reason=reason)

    def _end(self, order, **changes):
        self.waiting.pop(order.client_id, None)
        order = self.orders[order.client_id] = attrs.evolve(order, **changes)
        return order

    def _execute(self, order, size):
        status = (
            OrderStatus.FILLED if size == order.size
            else OrderStatus.PARTLY_FILLED if size else OrderStatus.CANCELED
        )  # fmt: skip
        price = self.prices[order.symbol] if size else None
        self._end(order, status=status, filled_size=size, average_price=price)
        if size:
            self._book(order, order.symbol, order.side, size)

    def _book(self, order, symbol, side, size):
        price, before = self.prices[symbol], self.sizes.get(symbol, ZERO)
        change = side.sign * size
        after = before + change
        fee = price * size * FEE
        self.raw -= change * price + fee
        self.sizes[symbol] = after
        self.costs[symbol] = self._cost(symbol, before, change, price)
        fill = Fill(
            trade_id=str(len(self.executed) + 1),
            venue_order_id=order.venue_order_id if order else "0",
            client_id=order.client_id if order else None, symbol=symbol, side=side,
            price=price, size=size, fee=fee, time=self.clock.true(),
        )  # fmt: skip
        self.executed.append(fill)
        self.on_fill(order, fill, before, after)

    def _cost(self, symbol, before, change, price):
        cost, after = self.costs.get(symbol, ZERO), before + change
        if before * change >= 0:
            return cost + change * price
        if before * after <= 0:
            return after * price
        with_exact = cost * after / before
        return with_exact.quantize(D("1E-12"))
