"""Exchanges that each break one promise, made of the example."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import anyio
import attrs

from nof0_core.domain.fill import FundingPayment
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import VenuePosition
from nof0_core.errors import RejectedError
from nof0_core.ids import Symbol
from nof0_core.protocols import Capability
from nof0_provider_example.account_file import Change
from nof0_provider_example.exchange import ExampleExchange


class SendsTwice(ExampleExchange):
    async def place(self, orders, *, expires_at):
        for order in orders:
            self._orders.pop(order.client_id, None)
        return await super().place(orders, expires_at=expires_at)


class IgnoresLimit(ExampleExchange):
    async def place(self, orders, *, expires_at):
        anything = {1: Decimal("1E9"), -1: Decimal("0.1")}
        return await super().place(
            [attrs.evolve(o, limit_price=anything[o.side.sign]) for o in orders],
            expires_at=expires_at,
        )


class FlipsReduceOnly(ExampleExchange):
    def _size_to_fill(self, order):
        return order.size if super()._size_to_fill(order) else Decimal(0)


class OpensReduceOnly(ExampleExchange):
    def _size_to_fill(self, order):
        held = self._positions.get(order.symbol)
        return super()._size_to_fill(order) if held and held.quantity else order.size


class FillsUnknownSymbol(ExampleExchange):
    def _execute(self, order, mark):
        if mark is None:
            order = attrs.evolve(order, symbol=Symbol("DOGE"), size=Decimal(100))
            mark = Decimal("0.2")
        return super()._execute(order, mark)


class RoundsSize(ExampleExchange):
    async def place(self, orders, *, expires_at):
        if len(orders) == 1 and orders[0].symbol in self.instruments:
            cut = self.instruments[orders[0].symbol].round_size
            orders = [attrs.evolve(orders[0], size=cut(orders[0].size))]
        return await super().place(orders, expires_at=expires_at)


class SortsOutcomes(ExampleExchange):
    async def place(self, orders, *, expires_at):
        return sorted(await super().place(orders, expires_at=expires_at), key=lambda o: o.status)


class ForgetsOrders(ExampleExchange):
    async def order(self, client_id):
        return None


class UndoesOnCancel(ExampleExchange):
    async def cancel(self, client_ids):
        return [OrderOutcome(client_id=c, status=OrderStatus.CANCELED) for c in client_ids]


class UnsignedPositions(ExampleExchange):
    async def _open_positions(self):
        return [attrs.evolve(p, quantity=abs(p.quantity)) for p in await super()._open_positions()]


class KeepsClosedPositions(ExampleExchange):
    async def _open_positions(self):
        closed = [
            VenuePosition(
                symbol=symbol,
                quantity=position.quantity,
                entry_price=position.entry,
                leverage=1,
                margin_used=Decimal(0),
                unrealized_pnl=Decimal(0),
            )
            for symbol, position in self._positions.items()
            if not position.quantity
        ]
        return [*await super()._open_positions(), *closed]


class EntryInOtherUnits(ExampleExchange):
    async def _open_positions(self):
        return [
            attrs.evolve(
                p,
                entry_price=2 * p.entry_price,
                unrealized_pnl=p.unrealized_pnl - p.quantity * p.entry_price,
            )
            for p in await super()._open_positions()
        ]


class EquityWithoutPositions(ExampleExchange):
    async def report(self):
        found = await super().report()
        account = attrs.evolve(found.account, equity=found.account.raw_usd)
        return attrs.evolve(found, account=account)


class RepeatsFills(ExampleExchange):
    async def fills(self, since):
        found = await super().fills(since)
        return [*found, found[0]] if len(found) > 1 else found


class IgnoresSince(ExampleExchange):
    async def fills(self, since):
        return self._fills


class FeesInBps(ExampleExchange):
    """Gives the rate where the amount belongs, and books it too."""

    async def fills(self, since):
        return [attrs.evolve(f, fee=self.fee_bps) for f in await super().fills(since)]

    async def report(self):
        found = await super().report()
        wrong = sum((self.fee_bps - f.fee for f in self._fills), Decimal(0))
        account = attrs.evolve(
            found.account,
            raw_usd=found.account.raw_usd - wrong,
            equity=found.account.equity - wrong,
        )
        return attrs.evolve(found, account=account)


class TakesAnyLeverage(ExampleExchange):
    async def set_leverage(self, symbol, leverage, margin_mode):
        if symbol not in self.instruments:
            raise RejectedError(symbol)
        self._change(Change(leverage=(symbol, leverage)))


class FillsTriggers(ExampleExchange):
    @property
    def capabilities(self):
        return super().capabilities | {Capability.TRIGGER_ORDERS}

    def _execute(self, order, mark):
        return super()._execute(attrs.evolve(order, trigger=None), mark)


class Funded(ExampleExchange):
    """Settles each full hour at a price that stands still; this one is good."""

    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.FUNDING})
    sign = -1

    async def funding(self, since):
        return self._payments()

    def _payments(self):
        if not self._fills:
            return []
        hour, found = self._fills[0].time.replace(minute=0, second=0, microsecond=0), []
        while (hour := hour + timedelta(hours=1)) <= self.clock.now():
            held = sum(f.quantity for f in self._fills if f.time < hour)
            rate = Decimal("0.0000125")
            found.append(
                FundingPayment(
                    symbol=Symbol("BTC"),
                    time=hour,
                    quantity=held,
                    rate=rate,
                    amount=self.sign * held * rate * 100_000,
                )
            )
        return found

    async def report(self):
        found = await super().report()
        return with_cash(found, self._booked())

    def _booked(self):
        return sum((p.amount for p in self._payments()), Decimal(0))


def with_cash(report, more):
    account = attrs.evolve(
        report.account,
        raw_usd=report.account.raw_usd + more,
        equity=report.account.equity + more,
        available=report.account.available + more,
    )
    return attrs.evolve(report, account=account)


class FundingBackwards(Funded):
    async def funding(self, since):
        return self._payments()[::-1]


class FundingPaysLongs(Funded):
    sign = 1


class FundingBesideTheCash(Funded):
    def _booked(self):
        return Decimal(0)


class SaysWhatItHasNot(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.ORDER_STREAM})


class HasWhatItDoesNotSay(ExampleExchange):
    async def prove(self, client_id):
        return self._orders.get(client_id)


class ReportsItsNewestPart(ExampleExchange):
    async def report(self):
        found = await super().report()
        return attrs.evolve(found, time=found.time + timedelta(seconds=5))


class BeginsWithMore(ExampleExchange):
    async def report(self):
        return with_cash(await super().report(), Decimal(100))


class HoldsBack(ExampleExchange):
    async def report(self):
        found = await super().report()
        account = attrs.evolve(found.account, available=found.account.available - 1)
        return attrs.evolve(found, account=account)


class RoundsCashAtRestart(ExampleExchange):
    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        self._cash = self._cash.quantize(Decimal(1))


class ForgetsWhatWasSent(ExampleExchange):
    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        self.old = set(self._orders)

    async def place(self, orders, *, expires_at):
        for order in orders:
            if order.client_id in self.old:
                del self._orders[order.client_id]
        return await super().place(orders, expires_at=expires_at)


class CountsFromOneAgain(ExampleExchange):
    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        self.before = len(self._fills)

    def _change(self, change):
        if change.fill is not None:
            number = str(len(self._fills) - self.before + 1)
            change = attrs.evolve(change, fill=attrs.evolve(change.fill, trade_id=number))
        super()._change(change)


class ForgetsLeverage(ExampleExchange):
    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        self._leverage.clear()


class ReadsIntoOneList(ExampleExchange):
    """Two reports at once fill one list."""

    async def _open_positions(self):
        found = await super()._open_positions()
        self.shown = []
        await anyio.lowlevel.checkpoint()
        self.shown += found
        return self.shown


class LooksThenSends(ExampleExchange):
    """Another call may come between looking whether an order is known and sending it."""

    async def place(self, orders, *, expires_at):
        new = [o for o in orders if o.client_id not in self._orders]
        await anyio.lowlevel.checkpoint()
        for order in new:
            self._orders.pop(order.client_id, None)
        return await super().place(orders, expires_at=expires_at)


class Blocks(ExampleExchange):
    async def fills(self, since):
        if self._fills:
            held_up()
        return await super().fills(since)


def held_up():
    """Do nothing for far longer than the ticks that are allowed, while other threads go on."""
    for _ in range(100):
        threading.Event().wait(0.002)


class NeverLiquidates(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.ACCEPTS_MARKS})
    handed = 0

    async def accept_marks(self, quotes):
        new = self._fills[self.handed :]
        self.handed = len(self._fills)
        return new

    async def _open_positions(self):
        return [
            attrs.evolve(p, liquidation_price=p.entry_price / 2)
            for p in await super()._open_positions()
        ]


class HandsOverTwice(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.ACCEPTS_MARKS})

    async def accept_marks(self, quotes):
        return list(self._fills)


class TakesSize0ForNothing(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.WHOLE_POSITION})


class KeepsNobodyApart(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.REDUCE_OWN})


class ProvesAllDead(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.PROOF})

    async def prove(self, client_id):
        return None


class SeesTooFar(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.NEXT_EVENT})

    def next_event(self, after, until):
        return until + timedelta(hours=1)
