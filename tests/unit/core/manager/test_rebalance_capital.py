"""What an allocator is asked about stays the same whole, whatever it answered before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import pytest
from attrs import evolve

from nof0_core.domain.event import Filled, FundingSettled, Transferred
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import Side
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.errors import UsageError
from nof0_core.ids import ENGINE, RESERVE, UNASSIGNED
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


class Says:
    """Answers with what `answer` makes of a request; remembers what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def allocate(self, request):
        self.asked.append(request)
        return self.answer(request)


def each(pct):
    return lambda request: dict.fromkeys(request.configured, D(pct))


def spread(request):
    count = len(request.configured)
    return dict.fromkeys(request.configured, request.available_pct / count)


def rebalance(engine, answer):
    rebalancer = engine.manager._rebalancer
    allocator = Says(answer)
    rebalancer._config = evolve(rebalancer._config, allocator=allocator)
    rebalancer.run(engine.views.traders())
    return allocator.asked


def equities(engine):
    state = engine.recorder.state
    now = engine.clock.now()
    return {who: state.account("paper", who, {}, now, {}).equity for who in state.traders("paper")}


def pay(engine, trader, amount, hour=1):
    """Give a trader a profit (USD), or take a loss from it."""
    engine.recorder.record(
        ENGINE,
        FundingSettled(
            venue_account="paper", symbol="BTC", time=START + timedelta(hours=hour), rate=D(0),
            amounts={trader: D(amount)},
        ),
    )  # fmt: skip


def configure(stage, old, new):
    manager = stage.root / "etc" / "manager.yaml"
    text = manager.read_text()
    assert old in text
    manager.write_text(text.replace(old, new))


async def test_what_is_available_is_the_same_however_little_was_handed_out(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        for pct in ("32", "20.111111", "0", "7"):
            [asked] = rebalance(engine, each(pct))
            assert asked.available_pct == 80
            assert asked.configured == {"ann": 40, "bob": 40}
            assert equities(engine)["ann"] == 100 * D(pct)
        rebalance(engine, spread)
        assert equities(engine) == {RESERVE: 2000, "ann": 4000, "bob": 4000}
        assert stage.codes(engine) == []


async def test_the_same_shares_are_accepted_for_ever(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        for round_ in range(5):
            pay(engine, "ann", 100, hour=round_)
            rebalance(engine, each(30))
            share = (10_000 + 100 * (round_ + 1)) * D("0.3")
            assert equities(engine) | {RESERVE: 0} == {RESERVE: 0, "ann": share, "bob": share}
        assert stage.codes(engine) == []


async def test_a_restart_asks_the_same(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        pay(engine, "ann", 500)
        rebalance(engine, each(10))
        [before] = rebalance(engine, each(10))
        had = equities(engine)
    async with lockstep(START + timedelta(hours=2)) as engine:
        [after] = rebalance(engine, each(10))
        assert equities(engine) == had == {RESERVE: 8400, "ann": 1050, "bob": 1050}
        assert (after.current, after.available_pct) == (before.current, before.available_pct)


async def test_what_nobody_was_promised_is_not_handed_out(stage, lockstep):
    exchange = stage.root / "etc" / "exchange.yaml"
    exchange.write_text(
        exchange.read_text().replace("{type: venue,", "{type: venue, initial_balance_usd: 100000,")
    )
    async with lockstep() as engine:
        await engine.manager.catch_up()
        assert equities(engine)[RESERVE] == 92_000
        pay(engine, "ann", -4500)
        [asked] = rebalance(engine, spread)
        # 5,500 USD are managed, 80 % of them are available; 500 USD of what ann owes are paid too.
        assert round(asked.current["bob"], 6) == D("72.727273")
        assert equities(engine) == {RESERVE: 91_100, "ann": 2200, "bob": 2200}


async def test_the_example_of_the_documentation(stage, lockstep):
    configure(stage, "reserve_equity_pct: 20", "reserve_equity_pct: 10")
    configure(stage, "allocation_pct: 40", "allocation_pct: 45")
    exchange = stage.root / "etc" / "exchange.yaml"
    exchange.write_text(
        exchange.read_text().replace("{type: venue,", "{type: venue, initial_balance_usd: 12000,")
    )
    async with lockstep() as engine:
        await engine.manager.catch_up()
        assert equities(engine) == {RESERVE: 3000, "ann": 4500, "bob": 4500}
        pay(engine, "ann", 600)
        pay(engine, "bob", -100, hour=2)
        for _ in range(2):
            rebalance(engine, each(30))
            assert equities(engine) == {RESERVE: 6200, "ann": 3150, "bob": 3150}
        rebalance(engine, each(45))
        assert equities(engine) == {RESERVE: 3050, "ann": 4725, "bob": 4725}


async def test_a_ruined_trader_is_brought_back_by_the_others(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        pay(engine, "ann", -5000)
        assert equities(engine)["ann"] == -1000
        rebalance(engine, lambda request: request.configured)
        assert equities(engine) == {RESERVE: 1000, "ann": 2000, "bob": 2000}


async def test_nothing_is_shared_out_when_all_is_lost(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        pay(engine, "ann", -10_000)
        assert rebalance(engine, spread) == []


async def test_a_single_trader_may_be_held_back_too(stage, lockstep):
    configure(stage, "  - {<<: *ann, id: bob, name: Bob}\n", "")
    async with lockstep() as engine:
        await engine.manager.catch_up()
        rebalance(engine, each(10))
        assert equities(engine) == {RESERVE: 9000, "ann": 1000}
        rebalance(engine, each(80))
        assert equities(engine) == {RESERVE: 2000, "ann": 8000}


async def test_without_a_reserve_all_is_available(stage, lockstep):
    configure(stage, "reserve_equity_pct: 20", "reserve_equity_pct: 0")
    async with lockstep() as engine:
        await engine.manager.catch_up()
        [asked] = rebalance(engine, spread)
        assert asked.available_pct == 100
        assert equities(engine) == {RESERVE: 0, "ann": 5000, "bob": 5000}


async def test_traders_with_an_allocation_of_nothing_can_be_given_capital(stage, lockstep):
    configure(stage, "allocation_pct: 40", "allocation_pct: 0")
    async with lockstep() as engine:
        await engine.manager.catch_up()
        rebalance(engine, each(10))
        assert equities(engine) == {RESERVE: 8000, "ann": 1000, "bob": 1000}
        rebalance(engine, lambda request: request.configured)
        assert equities(engine) == {RESERVE: 10_000, "ann": 0, "bob": 0}


async def test_capital_of_a_trader_that_is_gone_can_be_handed_out_again(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        pay(engine, "bob", 100)
    configure(stage, "  - {<<: *ann, id: bob, name: Bob}\n", "")
    async with lockstep(START + timedelta(hours=2)) as engine:
        await engine.manager.catch_up()
        assert equities(engine)["bob"] == 4100
        rebalance(engine, each(80))
        assert equities(engine) == {RESERVE: 2020, "ann": 8080, "bob": 0}
    configure(stage, "monitoring:", "  - {<<: *ann, id: bob, name: Bob}\nmonitoring:")
    async with lockstep(START + timedelta(hours=4)) as engine:
        rebalance(engine, lambda request: request.configured)
        assert equities(engine) == {RESERVE: 2020, "ann": 4040, "bob": 4040}


async def test_a_new_trader_begins_with_what_a_former_one_left(stage, lockstep):
    configure(stage, "reserve_equity_pct: 20", "reserve_equity_pct: 0")
    configure(stage, "allocation_pct: 40", "allocation_pct: 50")
    async with lockstep() as engine:
        await engine.manager.catch_up()
        assert equities(engine) == {RESERVE: 0, "ann": 5000, "bob": 5000}
    configure(stage, "id: bob, name: Bob", "id: cat, name: Cat")
    async with lockstep(START + timedelta(hours=2)) as engine:
        await engine.manager.catch_up()
        assert equities(engine) == {RESERVE: 0, "ann": 5000, "bob": 0, "cat": 5000}
        reasons = [e.body.reason for e in engine.journal.read(types=["transferred"])]
        assert reasons[-2:] == [TransferReason.REBALANCE, TransferReason.INITIAL]


async def test_a_new_trader_is_refused_where_nobody_left_enough(stage, lockstep):
    configure(stage, "reserve_equity_pct: 20", "reserve_equity_pct: 0")
    configure(stage, "allocation_pct: 40", "allocation_pct: 50")
    async with lockstep() as engine:
        await engine.manager.catch_up()
        pay(engine, "bob", -3000)
    configure(stage, "id: bob, name: Bob", "id: cat, name: Cat")
    with pytest.raises(UsageError, match="has 2000 USD left, 5000 USD are needed for cat"):
        async with lockstep(START + timedelta(hours=2)) as engine:
            await engine.manager.catch_up()


async def test_the_reserve_gives_nothing_that_foreign_positions_stand_on(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        rebalance(engine, each(10))
        engine.recorder.record(
            ENGINE,
            Transferred(
                venue_account="paper",
                amounts={UNASSIGNED: D(-5000)},
                equities={},
                reason=TransferReason.OUTSIDE,
            ),
        )
        rebalance(engine, spread)
        # 8,000 are in reserve, 2,000 are its own; 5,000 of them were taken away at the venue.
        assert equities(engine)["ann"] == equities(engine)["bob"] == 1500
        fill = Fill(
            trade_id="1", venue_order_id="1", client_id=None, symbol="DOGE", side=Side.BUY,
            price=D(1), size=D(1), fee=D(0), time=engine.clock.now(),
        )  # fmt: skip
        engine.recorder.record(
            UNASSIGNED, Filled(trader=UNASSIGNED, venue_account="paper", fill=fill)
        )
        engine.recorder.record(
            ENGINE,
            Transferred(
                venue_account="paper",
                amounts={UNASSIGNED: D(5000)},
                equities={},
                reason=TransferReason.OUTSIDE,
            ),
        )
        rebalance(engine, spread)
        # Nobody knows what DOGE is worth.
        assert equities(engine)["ann"] == 1500


async def test_shares_that_are_too_many_are_told_in_readable_numbers(stage, lockstep):
    configure(stage, "reserve_equity_pct: 20", "reserve_equity_pct: 20.5")
    configure(stage, "allocation_pct: 40", "allocation_pct: 39")
    async with lockstep() as engine:
        await engine.manager.catch_up()
        rebalance(engine, lambda request: {"ann": D(200) / 3, "bob": D(100) / 7})
        [alert] = stage.alerts(engine)
        assert "shares sum to 80.952380952 %, more than the 79.5 % there are" in alert.message
