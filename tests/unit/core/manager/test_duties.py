"""What goes wrong in one duty is told and ends no other."""

from __future__ import annotations

import asyncio  # noqa: TID251 - what a library on it may raise
from datetime import timedelta

import anyio
import pytest
from staged_engine import stop_after

from nof0_core.clock import stopwatch
from nof0_core.errors import JournalError, TransientError
from nof0_core.manager import watchdog

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(KeyError("bug"), id="bug"),
        pytest.param(ExceptionGroup("both", [KeyError("bug"), TransientError("away")]), id="group"),
        pytest.param(SystemExit(3), id="exit"),
        pytest.param(asyncio.CancelledError(), id="cancelled"),
    ],
)
async def test_whatever_a_duty_raises_is_told_once_and_the_engine_goes_on(stage, lockstep, error):
    async with lockstep() as engine:
        for _ in range(2):
            await engine.manager.catch_up()
        engine.views.traders = lambda: (_ for _ in ()).throw(error)
        reason = await engine.manager.run(stop_after(engine, 130))
        assert reason == "enough"
        found = [a.message for a in stage.alerts(engine) if a.code == "duty_failed"]
    assert len(found) == 1
    assert found[0].startswith("rebalance: ")
    assert engine.recorder.state.standing("ann").cycles > 60


async def test_a_journal_that_cannot_be_written_ends_the_engine(lockstep):
    async with lockstep() as engine:
        engine.views.traders = lambda: (_ for _ in ()).throw(JournalError("full"))
        with pytest.raises(ExceptionGroup) as caught:
            await engine.manager.run(stop_after(engine, 130))
    assert caught.group_contains(JournalError)


@pytest.mark.parametrize("error", [SystemExit(1), asyncio.CancelledError(), KeyError("bug")])
async def test_a_market_that_breaks_off_keeps_no_venue_from_being_looked_at(stage, lockstep, error):
    async with lockstep() as engine:
        stage.faults["quotes"] = error
        await engine.run(stop_after(engine, 5))
        found = [a.message for a in stage.alerts(engine) if a.code == "no_quote"]
        moment = await engine.manager._cycles._runner._feeds["staged"].moment(["BTC"])
    assert len(found) == 2
    assert stage.calls.count("report") >= 5
    assert moment.missing["BTC"].startswith(f"quotes raised {type(error).__name__}")


async def test_a_hanging_call_ends_a_lockstep_run_and_names_section_and_verb(
    stage, lockstep, monkeypatch
):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        stage.hanging.add("quotes")
        monkeypatch.setattr(watchdog, "stopwatch", lambda: stopwatch() + 61)
        with pytest.raises(ExceptionGroup) as caught:
            await engine.manager.run()
    assert caught.group_contains(
        TransientError, match="market staged: quotes has not answered for 60 s"
    )
    [leaf] = leaves(caught.value)
    assert leaf.exit_code == 1


def leaves(error):
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


async def test_a_halt_and_the_guard_wait_for_no_hanging_sync(stage, real, stepped, until):
    guarded = []
    async with real() as engine:
        manager = engine.manager
        manager.driver.beat = 0.001
        await manager.catch_up()
        [execution] = manager._executions.values()

        async def guard(quotes):
            guarded.append(dict(quotes))

        execution.guard = guard
        stage.hanging.add("report")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(manager.run)
            stepped.let_pass(200)
            await until(lambda: stepped.counted >= 1200)
            stage.write("data/control/halt.json", '{"reason": "enough"}')
            seen = len(guarded)
            await until(lambda: "halted" in stage.codes(engine) and len(guarded) > seen)
            manager.stop("done")
            tasks.cancel_scope.cancel()
        assert set(guarded[-1]) == {"BTC", "ETH"}


async def test_a_duty_that_was_due_again_twice_is_told_once(stage, real, stepped, until):
    async with real() as engine:
        manager = engine.manager
        manager.driver.patience = 0.0
        await manager.catch_up()
        stage.hanging.add("report")
        asked = stage.calls.count("quotes")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(manager.run)
            stepped.let_pass(330)
            await until(lambda: any("sync of paper" in a.message for a in stage.alerts(engine)))
            # Prices are fetched all the same.
            await until(lambda: stage.calls.count("quotes") >= asked + 4)
            tasks.cancel_scope.cancel()
        told = [a.message for a in stage.alerts(engine) if a.code == "duty_busy"]
        # On a slow machine a decision may be busy as well.
        assert told.count("sync of paper still goes on though it was due again twice") == 1


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("way", [1, -1])
async def test_a_clock_that_is_set_plans_everything_anew(stage, real, stepped, until, by, way):
    async with real() as engine:
        manager = engine.manager
        await manager.catch_up()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(manager.run)
            # Enough also where the disk is so slow that a cycle is left out.
            stepped.let_pass(1000)
            await until(lambda: engine.recorder.state.standing("ann").cycles >= 2)
            stepped.stand_still()
            before, looks = (
                engine.recorder.state.standing("ann").cycles,
                stage.calls.count("report"),
            )
            stepped.step(by * way)
            stepped.let_pass(3)
            await until(lambda: "clock_jumped" in stage.codes(engine))
            await until(lambda: stage.calls.count("report") > looks)
            stepped.let_pass(1000)
            await until(lambda: engine.recorder.state.standing("ann").cycles >= before + 2)
            tasks.cancel_scope.cancel()
        engine.journal.flush()
        cycles = [e.body.cycle for e in engine.journal.read(types=["cycle"])]
        assert len(cycles) == len(set(cycles))
        assert stage.codes(engine) == ["clock_jumped"]
