"""A start survives a moment's failure, and an end says what it leaves behind."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from decimal import Decimal as D

import anyio
import pytest
from attrs import evolve
from staged_engine import Stage
from world.loop import live_in, now

from nof0_core.clock import SimulatedClock
from nof0_core.domain.position import VenuePosition
from nof0_core.errors import ProviderError, TransientError
from nof0_core.runtime.first_calls import FirstCalls
from nof0_core.testing.environment import START, Lines

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.mark.parametrize("what", ["market", "exchange", "instruments", "report"])
async def test_a_first_call_may_fail_four_times(stage, monkeypatch, what):
    stage.failures[what] = 4
    async with stage.engine(SimulatedClock(START)) as engine:
        assert engine.recorder.state.standing("ann").initial_capital == 4000
    assert stage.calls.count(what) >= 5


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("market", "market staged: opening failed 5 times: market is away"),
        ("exchange", "exchange paper: opening failed 5 times: exchange is away"),
        ("instruments", "market staged: instruments failed 5 times: instruments is away"),
        ("report", "exchange paper: report failed 5 times: report is away"),
    ],
)
async def test_the_fifth_failure_names_section_and_call(stage, monkeypatch, what, words):
    stage.failures[what] = 5
    with pytest.raises(TransientError, match=words):
        async with stage.engine(SimulatedClock(START)):
            pass


class LiveClock(SimulatedClock):
    """Moved by hand, yet none whose time stands still while work is done."""

    is_lockstep = False


async def test_a_first_call_that_never_answers_is_given_up(monkeypatch):
    calls = FirstCalls(hangs_end=False, log=Lines(), within=0.0, first_wait=0.0)

    async def hang():
        await anyio.sleep_forever()

    with pytest.raises(TransientError, match="exchange x: report failed 5 times: no answer within"):
        await calls.make("exchange x", "report", hang)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("market", "market staged: opening"),
        ("exchange", "exchange paper: opening"),
        ("instruments", "market staged: instruments"),
        ("report", "exchange paper: report"),
    ],
)
def test_a_first_call_that_hangs_ends_a_lockstep_start_and_names_section_and_call(
    stage, monkeypatch, what, words
):
    stage.hanging.add(what)

    async def start():
        async with stage.engine(SimulatedClock(START)):
            pass

    with pytest.raises(ProviderError, match=f"{words} has not answered for 60 s") as told:
        live_in(1, start)
    assert told.value.exit_code == 1
    assert stage.calls.count(what) == 1


@pytest.mark.parametrize("what", ["market closes", "exchange closes"])
@pytest.mark.parametrize("is_lockstep", [True, False])
def test_a_section_that_hangs_at_the_end_keeps_nothing_from_ending(
    stage, monkeypatch, what, is_lockstep
):
    stage.hanging.add(what)
    clock = SimulatedClock(START) if is_lockstep else LiveClock(START)

    async def start_and_end():
        with contextlib.suppress(ProviderError):
            async with stage.engine(clock):
                pass
        return now()

    assert live_in(1, start_and_end) == (60 if is_lockstep else 10)
    assert {"market closes", "exchange closes"} <= set(stage.calls)


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(seconds=6)])
async def test_a_run_after_one_with_its_clock_ahead_says_so_and_plans_from_now(
    stage, monkeypatch, ahead
):
    async with stage.engine(SimulatedClock(START + ahead)) as engine:
        await engine.run(lambda _: engine.manager.stop("enough"))
    async with stage.engine(LiveClock(START)) as engine:
        assert stage.codes(engine) == ["clock_was_ahead"]
        due = {trader.due for trader in engine.manager.traders.values()}
        assert due == {START}


@pytest.mark.parametrize("answer", [None, "away", []], ids=repr)
async def test_a_first_report_of_a_wrong_type_is_one_that_failed(stage, monkeypatch, answer):
    stage.retell = lambda _: answer
    words = "exchange paper: report failed 5 times: what report answered is .*, no AccountReport"
    with pytest.raises(TransientError, match=words):
        async with stage.engine(SimulatedClock(START)):
            pass


async def test_an_account_begins_at_the_venues_time_whatever_our_clock_says(stage, monkeypatch):
    held = VenuePosition(
        symbol="ETH", quantity=D("0.5"), entry_price=D(4000), leverage=5, margin_used=D(400),
        unrealized_pnl=D(0),
    )  # fmt: skip
    stage.retell = lambda report: evolve(report, time=START, positions=(held,))
    async with stage.engine(SimulatedClock(START + timedelta(days=1))) as engine:
        assert engine.recorder.state.opened_at("paper") == START
        [position] = engine.recorder.state.positions("paper")
        assert position.opened_at == START


async def test_a_clock_that_is_right_is_not_talked_about(stage, monkeypatch):
    async with stage.engine(SimulatedClock(START)) as engine:
        await engine.run(lambda _: engine.manager.stop("enough"))
    async with stage.engine(LiveClock(START)) as engine:
        assert stage.codes(engine) == []


async def test_a_run_ends_with_a_last_look_and_names_what_it_leaves_bare(stage, monkeypatch):
    async with stage.engine(SimulatedClock(START)) as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        [execution] = engine.manager._executions.values()
        position = engine.recorder.state.position("ann", "BTC")
        execution.unprotected = lambda: (position,)
        looks = []

        def stop(_):
            engine.manager.stop("enough")
            looks.append(stage.calls.count("report"))

        await engine.run(stop)
        assert stage.calls.count("report") > looks[-1]
        engine.journal.flush()
        [ended] = engine.journal.read(types=["engine_stopped"])
        assert ended.body.unprotected == ("ann BTC",)
        assert stage.codes(engine) == ["unprotected_at_end"]


async def test_while_the_last_look_hangs_what_is_known_is_protected(stage, monkeypatch):
    async with stage.engine(LiveClock(START)) as engine:
        await engine.manager.catch_up()
        [execution] = engine.manager._executions.values()
        guarded = anyio.Event()

        async def guard(_):
            guarded.set()

        async def sync(_):
            await guarded.wait()
            return ()

        monkeypatch.setattr(execution, "guard", guard)
        monkeypatch.setattr(execution, "sync", sync)
        driver = engine.manager.driver
        driver.beat, driver.limits = 0.0, evolve(driver.limits, close=20.0)
        await engine.manager.finish()
        assert guarded.is_set()


async def test_a_venue_that_hangs_at_the_end_holds_nobody_up(stage, monkeypatch):
    async with stage.engine(LiveClock(START)) as engine:
        await engine.manager.catch_up()
        driver = engine.manager.driver
        driver.limits = evolve(driver.limits, close=0.0)
        stage.hanging.add("report")
        await engine.manager.finish()
