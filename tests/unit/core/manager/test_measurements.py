"""What a run measures of itself is in the picture exporters are handed."""

from __future__ import annotations

import anyio
import pytest
from staged_engine import stop_after

from nof0_core.domain.measured import Trouble
from nof0_core.errors import TransientError

pytestmark = pytest.mark.anyio
SCHEDULED = {"cycle", "hour", "rebalance", "sync"}


def troubles(engine):
    return {(d.duty, d.trouble): d.count for d in engine.views.all().duties}


async def test_calls_are_counted_by_section_and_verb_on_a_lockstep_clock_too(stage, lockstep):
    async with lockstep() as engine:
        assert engine.views.all().calls == ()
        await engine.manager.catch_up()
        await engine.manager.run(stop_after(engine, 5))
        calls = {(c.family, c.section, c.verb): c for c in engine.views.all().calls}
    assert {("exchange", "paper", "report"), ("market", "staged", "quotes")} <= set(calls)
    # The first report, for the capital, is asked before there is an execution engine.
    asked = stage.calls.count("report") - 1
    assert calls["exchange", "paper", "report"].count == asked > 3
    assert calls["market", "staged", "quotes"].count == stage.calls.count("quotes")
    assert not any(call.late or call.failed for call in calls.values())


async def test_what_a_section_raises_is_counted_there(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        stage.faults["report"] = TransientError("away")
        asked = stage.calls.count("report")
        await engine.manager.run(stop_after(engine, 4))
        asked = stage.calls.count("report") - asked
        assert asked > 1
        [report] = [c for c in engine.views.all().calls if c.verb == "report"]
        assert (report.failed, report.late) == (asked, 0)
        assert troubles(engine)["sync", Trouble.FAILED] == asked


async def test_duties_of_the_schedule_begin_without_trouble(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        assert troubles(engine) == {(d, t): 0 for d in SCHEDULED for t in Trouble}


async def test_a_duty_that_fails_again_is_told_once_and_counted_each_time(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        build = engine.views.traders
        engine.views.traders = lambda: (_ for _ in ()).throw(KeyError("bug"))
        await engine.manager.run(stop_after(engine, 130))
        engine.views.traders = build
        assert troubles(engine)["rebalance", Trouble.FAILED] == 2
        assert stage.codes(engine).count("duty_failed") == 1


async def test_cycles_that_fail_are_counted(stage, lockstep):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        engine.manager.traders["ann"].maker.decide = None
        await engine.manager.run(stop_after(engine, 2))
        assert troubles(engine)["cycle", Trouble.FAILED] == engine.manager.traders["ann"].failures
        assert engine.manager.traders["ann"].failures > 0


async def test_a_sync_that_hangs_is_left_out_each_time_and_hangs_once(stage, real, stepped, until):
    async with real() as engine:
        manager = engine.manager
        manager.driver.patience = 0.0
        await manager.catch_up()
        stage.hanging.add("report")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(manager.run)
            stepped.let_pass(330)
            await until(lambda: troubles(engine)["sync", Trouble.LEFT_OUT] >= 4)
            assert troubles(engine)["sync", Trouble.HANGING] == 1
            tasks.cancel_scope.cancel()
