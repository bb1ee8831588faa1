"""A provider that breaks one promise fails the case for that promise, and no other."""

from __future__ import annotations

from contextlib import asynccontextmanager, closing, nullcontext
from datetime import timedelta
from decimal import Decimal

import anyio
import attrs
import pytest
from contract.broken_exchanges import (
    BeginsWithMore,
    Blocks,
    CountsFromOneAgain,
    EntryInOtherUnits,
    EquityWithoutPositions,
    FeesInBps,
    FillsTriggers,
    FillsUnknownSymbol,
    FlipsReduceOnly,
    ForgetsLeverage,
    ForgetsOrders,
    ForgetsWhatWasSent,
    Funded,
    FundingBackwards,
    FundingBesideTheCash,
    FundingPaysLongs,
    HandsOverTwice,
    HasWhatItDoesNotSay,
    HoldsBack,
    IgnoresLimit,
    IgnoresSince,
    KeepsClosedPositions,
    KeepsNobodyApart,
    LooksThenSends,
    NeverLiquidates,
    OpensReduceOnly,
    ProvesAllDead,
    ReadsIntoOneList,
    RepeatsFills,
    ReportsItsNewestPart,
    RoundsCashAtRestart,
    RoundsSize,
    SaysWhatItHasNot,
    SeesTooFar,
    SendsTwice,
    SortsOutcomes,
    TakesAnyLeverage,
    TakesSize0ForNothing,
    UndoesOnCancel,
    UnsignedPositions,
)

from nof0_core.errors import RejectedError
from nof0_core.ids import Symbol
from nof0_core.protocols import ExchangeWrapper
from nof0_core.testing import env as make_env
from nof0_core.testing.contracts import ExchangeContract, Opener, ServiceContract
from nof0_core.testing.contracts.restart import RestartContract
from nof0_provider_example.account_file import AccountFile
from nof0_provider_example.exchange import ExampleExchange
from nof0_provider_example.plugin import EXCHANGE, ExampleConfig
from nof0_provider_sim.plugin import nof0_exchange_providers

pytestmark = pytest.mark.anyio


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
    (FundingPaysLongs, "test_funding_has_units_and_signs"),
    (FundingBesideTheCash, "test_funding_explains_the_cash"),
    (BeginsWithMore, "test_new_account_has_its_balance"),
    (HoldsBack, "test_account_without_positions_is_all_cash"),
    (RoundsCashAtRestart, "test_restart_keeps_the_account"),
    (ForgetsWhatWasSent, "test_restart_sends_no_order_twice"),
    (CountsFromOneAgain, "test_restart_gives_new_orders_new_numbers"),
    (ForgetsLeverage, "test_restart_keeps_leverage"),
    (ReadsIntoOneList, "test_calls_at_once_agree"),
    (LooksThenSends, "test_same_order_at_once_is_sent_once"),
    (NeverLiquidates, "test_liquidation_is_a_fill_that_says_so"),
    (SaysWhatItHasNot, "test_words_and_methods_fit"),
    (HasWhatItDoesNotSay, "test_words_and_methods_fit"),
    (ReportsItsNewestPart, "test_report_is_of_one_moment"),
    (HandsOverTwice, "test_simulated_venue_hands_over_what_it_executes"),
    (TakesSize0ForNothing, "test_size_0_closes_the_whole_position"),
    (KeepsNobodyApart, "test_reduce_only_closes_what_its_own_trader_holds"),
    (ProvesAllDead, "test_order_that_never_came_is_proven_dead"),
    (SeesTooFar, "test_next_event_lies_in_the_span"),
]


ALSO = {
    # The same promise, looked at after a restart and from two sides at once.
    SendsTwice: {
        "test_restart_sends_no_order_twice",
        "test_same_order_at_once_is_sent_once",
    }
}


def exchange_kind(cls, around=None):
    @asynccontextmanager
    async def open_broken(config, env):
        market = env.market(config.market)
        with closing(AccountFile(env.data_dir / "account.jsonl")) as file:
            exchange = cls(
                market=market,
                instruments=await market.instruments(),
                clock=env.clock,
                balance_usd=config.balance_usd,
                fee_bps=config.fee_bps,
                file=file,
            )
            async with around() if around else nullcontext():
                yield exchange

    return attrs.evolve(EXCHANGE, open=open_broken)


@pytest.mark.parametrize(
    ("broken", "case"), [pytest.param(b, c, id=b.__name__) for b, c in EXCHANGES]
)
async def test_broken_exchange_fails_its_case_alone(broken, case, failing):
    config = ExampleConfig()
    found = await failing(
        ExchangeContract, exchange_kind(broken), config, balance=config.balance_usd
    )
    assert found == {case} | ALSO.get(broken, set())


def changed(verb, change):
    """Make an exchange that changes what a verb of the example answers."""

    async def answer(self, *arguments, **named):
        return change(await getattr(super(cls, self), verb)(*arguments, **named))

    cls = type("Changed", (ExampleExchange,), {verb: answer})
    return cls


def first(**changes):
    return lambda found: [attrs.evolve(found[0], **changes), *found[1:]] if found else found


def in_account(**changes):
    return lambda found: attrs.evolve(found, account=attrs.evolve(found.account, **changes))


def in_order(**changes):
    return lambda found: found and attrs.evolve(found, **changes)


class FloatFunding(Funded):
    async def funding(self, since):
        return [attrs.evolve(p, amount=float(p.amount)) for p in self._payments()]


TYPES = [
    (changed("fills", first(trade_id=1)), r"fills[0].trade_id is 1 (int), not a str"),
    (
        changed("fills", first(symbol=Symbol("NOPE"))),
        "fills[0].symbol is NOPE, which the market does not have",
    ),
    (changed("fills", first(price=Decimal("NaN"))), "fills[0].price is NaN"),
    (changed("fills", first(size=Decimal("0.0000001"))), "no whole lots of BTC"),
    (changed("fills", first(side="buy")), "fills[0].side is 'buy', not a Side"),
    (changed("fills", iter), "fills is a list_iterator, not a tuple or list"),
    (FloatFunding, "funding[0].amount is -"),
    (
        changed("report", lambda r: attrs.evolve(r, time=r.time.replace(tzinfo=None))),
        "report.time is 2025-07-01T00:00:00: it has no time zone",
    ),
    (changed("report", in_account(equity=1e4)), "report.account.equity is 10000.0 (float)"),
    (changed("report", lambda _: None), "report is None, no AccountReport"),
    (changed("place", first(status="filled")), "place[0].status is 'filled', not a OrderStatus"),
    (changed("cancel", first(reason=None)), "cancel[0].reason is None (NoneType), not a str"),
    (changed("order", in_order(venue_order_id=1)), "order.venue_order_id is 1 (int), not a str"),
]


@pytest.mark.parametrize(
    ("broken", "words"), [pytest.param(b, words, id=words) for b, words in TYPES]
)
async def test_value_of_a_wrong_type_is_told_with_method_and_field(broken, words, faults):
    given = {"kind": exchange_kind(broken), "config": ExampleConfig()}
    case = "test_values_are_of_their_declared_types"
    assert words in (await faults(ExchangeContract, given, [case]))[case]


async def test_blocked_loop_is_caught(failing, monkeypatch):
    monkeypatch.setattr("nof0_core.testing.heartbeat.TICK", 0.001)
    blocked = await failing(ExchangeContract, exchange_kind(Blocks), ExampleConfig())
    assert blocked == {"test_calls_do_not_block_the_loop"}


class ShowsOldMarks(ExchangeWrapper):
    """Keeps the first quotes and shows them to the venue behind for ever."""

    first = None

    async def _accept_marks(self, quotes):
        self.first = self.first or quotes
        return await self.inner.accept_marks(self.first)


async def test_stop_that_never_fires_is_caught(failing):
    (kind,) = nof0_exchange_providers()

    @asynccontextmanager
    async def open_behind(config, env):
        async with kind.open(config, env) as exchange:
            yield ShowsOldMarks(exchange)

    behind = attrs.evolve(kind, open=open_behind)
    assert await failing(ExchangeContract, behind, kind.config()) == {
        "test_stop_fires_once_and_its_sibling_opens_nothing",
        "test_liquidation_is_a_fill_that_says_so",
    }


async def test_account_that_ends_with_the_process_says_so(failing):
    class Forgets(ExampleExchange):
        def __attrs_post_init__(self):
            """Begin anew."""

    kind, config = exchange_kind(Forgets), ExampleConfig()
    durable = {case for case in dir(RestartContract) if case.startswith("test_restart")}
    assert await failing(ExchangeContract, kind, config) == durable - {
        "test_restart_sends_no_order_twice"
    }
    assert await failing(ExchangeContract, kind, config, is_durable=False) == set()


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
    others = {
        "test_values_are_of_their_declared_types",
        "test_calls_do_not_block_the_loop",
        "test_stop_fires_once_and_its_sibling_opens_nothing",
    }
    own = cases(ExchangeContract) - cases(ServiceContract)
    assert own == {case for _, case in EXCHANGES} | others
