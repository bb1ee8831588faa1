"""A held coin without a price stops entries, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from nof0_core.domain.brakes import ActiveBrake, Brake, BrakeState
from nof0_core.domain.decision import Signal
from nof0_core.errors import TransientError
from nof0_core.protocols import Capability
from nof0_core.risk.gate import RiskGate
from nof0_core.testing import samples
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


def stop_at(engine, moment):
    return lambda now: engine.manager.stop("enough") if now >= moment else None


async def look(engine):
    """Let a minute pass and look at the venue."""
    await engine.clock.sleep_until(engine.clock.now() + timedelta(minutes=1))
    await engine.manager.catch_up()


def hours(engine):
    engine.journal.flush()
    return [e.body.accounts for e in engine.journal.read(types=["hour"])]


async def test_a_held_coin_without_a_price_ends_nothing_but_entries(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        stage.without_price.add("BTC")
        await engine.run(stop_at(engine, START + HOUR))
        ann, bob = engine.views.traders()
        assert (ann.account.unpriced, bob.account.unpriced) == (("BTC",), ())
        assert [brake.brake for brake in ann.brakes] == [Brake.UNPRICED]
        refusal = engine.manager._venues._brakes.refusal("ann")
        assert refusal == "held without a price: BTC; nobody knows the equity"
        assert stage.codes(engine).count("no_quote") == 1
        assert "duty_failed" not in stage.codes(engine)
        assert [[a.trader for a in marked] for marked in hours(engine)] == [["bob"]]
        assert '"BTC"' in (stage.root / "data" / "manager_state.json").read_text()
        assert engine.recorder.state.standing("ann").cycles == 61


async def test_a_price_that_comes_back_lets_entries_pass_and_is_told_anew_when_it_goes(
    stage, lockstep
):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        for _ in range(2):
            stage.without_price.add("BTC")
            await look(engine)
            assert engine.views.traders()[0].account.unpriced == ("BTC",)
            stage.without_price.clear()
            await look(engine)
            assert engine.views.traders()[0].account.unpriced == ()
        assert stage.codes(engine).count("no_quote") == 2


@pytest.mark.parametrize("away", ["market", "venue", "delisted"])
async def test_a_restart_goes_on_while_what_it_holds_cannot_be_valued(stage, lockstep, away):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        await engine.run(stop_at(engine, START + timedelta(minutes=2)))
    if away == "market":
        stage.faults["quotes"] = TransientError("the market is away")
    elif away == "venue":
        stage.faults["report"] = TransientError("the venue is away")
    else:
        stage.delisted.add("BTC")
    code = "sync_failed" if away == "venue" else "no_quote"
    async with lockstep(START + timedelta(minutes=3)) as engine:
        await engine.run(stop_at(engine, START + timedelta(minutes=8)))
        assert code in stage.codes(engine)
        assert engine.recorder.state.position("ann", "BTC") is not None
        assert engine.recorder.state.standing("ann").cycles >= 6
    stage.faults.clear()
    stage.delisted.clear()
    async with lockstep(START + timedelta(minutes=9)) as engine:
        await engine.manager.catch_up()
        assert engine.views.traders()[0].account.unpriced == ()


def test_entries_are_refused_with_a_sentence_and_closes_pass():
    on = ActiveBrake(brake=Brake.UNPRICED, since=START, until=None, message="held without a price")
    context = evolve(samples.context(), brakes=BrakeState(active=(on,)))
    [judgement], approved = RiskGate().judge([samples.decision(Signal.BUY_TO_ENTER)], context)
    assert not approved
    [veto] = [v for v in judgement.verdicts if v.code == "unpriced"]
    assert veto.message == "held without a price (until the market has a price again)"


async def test_capital_stays_where_it_is_while_nobody_knows_the_shares(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        stage.market.set("BTC", "102000")
        stage.without_price.add("BTC")
        await look(engine)
        views = engine.views.traders()
        engine.manager._rebalancer.run(views)
        assert engine.recorder.state.rebalances == ()
        stage.without_price.clear()
        await look(engine)
        engine.manager._rebalancer.run(engine.views.traders())
        assert len(engine.recorder.state.rebalances) == 1


async def test_opposite_positions_that_nobody_has_a_price_of_are_closed_at_the_last_one(
    stage, lockstep
):
    """The report of a venue that nets them to nothing implies no price either."""
    stage.lacking = {Capability.REDUCE_OWN}
    async with lockstep() as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        await stage.enter(engine, "bob", Signal.SELL_TO_ENTER)
        await look(engine)
        stage.without_price.add("BTC")
        stage.faults["report"] = TransientError("the venue is away")
        await look(engine)
        assert len(engine.recorder.state.positions("paper")) == 2
        await look(engine)
        assert stage.codes(engine).count("price_unknown") == 2
        stage.faults.clear()
        await look(engine)
        assert engine.recorder.state.positions("paper") == ()
