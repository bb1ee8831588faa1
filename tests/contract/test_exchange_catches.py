"""A provider that breaks one promise fails the case for that promise, and no other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import anyio
import attrs
import pytest

from nof0_core.domain.fill import FundingPayment
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import VenuePosition
from nof0_core.errors import RejectedError
from nof0_core.ids import Symbol
from nof0_core.protocols import Capability
from nof0_core.testing import env as make_env
from nof0_core.testing.contracts import ExchangeContract, Opener
from nof0_provider_example.exchange import ExampleExchange
from nof0_provider_example.plugin import EXCHANGE, ExampleConfig

pytestmark = pytest.mark.anyio


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


class FillsTriggers(ExampleExchange):
    @property
    def capabilities(self):
        return super().capabilities | {Capability.TRIGGER_ORDERS}

    def _execute(self, order, mark):
        return super()._execute(attrs.evolve(order, trigger=None), mark)


class FundingBackwards(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.FUNDING})

    async def funding(self, since):
        rate = Decimal("0.0001")
        return [
            FundingPayment(
                symbol=Symbol("BTC"),
                time=since + timedelta(hours=hour),
                quantity=Decimal(1),
                rate=rate,
                amount=-rate,
            )
            for hour in (2, 1)
        ]


class SaysWhatItHasNot(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.ORDER_STREAM})


class HasWhatItDoesNotSay(ExampleExchange):
    async def prove(self, client_id):
        return self._orders.get(client_id)


class ReportsNaiveTime(ExampleExchange):
    async def report(self):
        found = await super().report()
        return attrs.evolve(found, time=found.time.replace(tzinfo=None))


class HandsOverTwice(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.ACCEPTS_MARKS})

    async def accept_marks(self, quotes):
        return list(self._fills)


class TakesSize0ForNothing(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.WHOLE_POSITION})


class ProvesAllDead(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.PROOF})

    async def prove(self, client_id):
        return None


class SeesTooFar(ExampleExchange):
    capabilities = frozenset({Capability.REDUCE_ONLY, Capability.BATCH, Capability.NEXT_EVENT})

    def next_event(self, after, until):
        return until + timedelta(hours=1)


EXCHANGES = [
    (SendsTwice, "test_same_client_id_is_never_sent_twice"),
    (IgnoresLimit, "test_limit_price_is_kept"),
    (FlipsReduceOnly, "test_reduce_only_never_flips"),
    (OpensReduceOnly, "test_reduce_only_opens_nothing"),
    (FillsUnknownSymbol, "test_unknown_symbol_is_refused"),
    (RoundsSize, "test_size_off_the_lot_is_refused"),
    (SortsOutcomes, "test_one_outcome_per_order_in_their_order"),
    (ForgetsOrders, "test_order_is_found_by_client_id"),
    (UndoesOnCancel, "test_cancel_of_unknown_and_done_orders_changes_nothing"),
    (UnsignedPositions, "test_buying_makes_a_long_and_selling_a_short"),
    (KeepsClosedPositions, "test_closed_position_is_left_out"),
    (EntryInOtherUnits, "test_entry_price_is_what_was_paid"),
    (EquityWithoutPositions, "test_account_adds_up_in_usd"),
    (RepeatsFills, "test_fills_are_reported_once_and_oldest_first"),
    (IgnoresSince, "test_fills_since_leaves_out_older_ones"),
    (FeesInBps, "test_fills_have_units_and_signs"),
    (TakesAnyLeverage, "test_leverage_beyond_the_instrument_is_refused"),
    (FillsTriggers, "test_trigger_order_waits_and_can_be_cancelled"),
    (FundingBackwards, "test_funding_is_oldest_first"),
    (SaysWhatItHasNot, "test_words_and_methods_fit"),
    (HasWhatItDoesNotSay, "test_words_and_methods_fit"),
    (ReportsNaiveTime, "test_report_is_of_one_moment"),
    (HandsOverTwice, "test_simulated_venue_hands_over_what_it_executes"),
    (TakesSize0ForNothing, "test_size_0_closes_the_whole_position"),
    (ProvesAllDead, "test_order_that_never_came_is_proven_dead"),
    (SeesTooFar, "test_next_event_lies_in_the_span"),
]


def exchange_kind(cls, around=None):
    @asynccontextmanager
    async def open_broken(config, env):
        market = env.market(config.market)
        exchange = cls(
            market=market,
            instruments=await market.instruments(),
            clock=env.clock,
            balance_usd=config.balance_usd,
            fee_bps=config.fee_bps,
        )
        if around is None:
            yield exchange
        else:
            async with around():
                yield exchange

    return attrs.evolve(EXCHANGE, open=open_broken)


@pytest.mark.parametrize(
    ("broken", "case"), [pytest.param(b, c, id=b.__name__) for b, c in EXCHANGES]
)
async def test_broken_exchange_fails_its_case_alone(broken, case, failing):
    assert await failing(ExchangeContract, exchange_kind(broken), ExampleConfig()) == {case}


@asynccontextmanager
async def slow_to_close():
    yield
    await anyio.sleep_forever()


@asynccontextmanager
async def leaks_a_task():
    tasks = anyio.create_task_group()
    await tasks.__aenter__()
    tasks.start_soon(anyio.sleep_forever)
    LEAKED.append(tasks)
    yield


LEAKED = []
TAKEN = set()


@asynccontextmanager
async def keeps_its_lock():
    if "lock" in TAKEN:
        message = "in use"
        raise RejectedError(message)
    TAKEN.add("lock")
    yield


@pytest.fixture
async def opener_around():
    async with make_env() as env:
        yield lambda around: Opener(
            kind=exchange_kind(ExampleExchange, around), config=ExampleConfig(), env=env
        )


async def test_slow_close_is_caught(monkeypatch, opener_around):
    limit = timedelta(milliseconds=50)
    monkeypatch.setattr("nof0_core.testing.contracts.service.CLOSE_WITHIN", limit)
    with pytest.raises(AssertionError, match="closing took more"):
        await ExchangeContract().test_closes_in_time(opener_around(slow_to_close))


async def test_leaked_task_is_caught(opener_around):
    try:
        with pytest.raises(AssertionError, match="still running after close"):
            await ExchangeContract().test_leaves_no_task_running(opener_around(leaks_a_task))
    finally:
        tasks = LEAKED.pop()
        tasks.cancel_scope.cancel()
        await tasks.__aexit__(None, None, None)


async def test_kept_lock_is_caught(opener_around):
    with pytest.raises(RejectedError, match="in use"):
        await ExchangeContract().test_opens_again_after_close(opener_around(keeps_its_lock))


async def test_intact_example_fails_nothing(failing):
    assert await failing(ExchangeContract, EXCHANGE, ExampleConfig()) == set()


def test_every_case_of_the_exchange_suite_has_a_broken_provider(cases):
    service = {"test_closes_in_time", "test_leaves_no_task_running", "test_opens_again_after_close"}
    assert cases(ExchangeContract) == {case for _, case in EXCHANGES} | service
