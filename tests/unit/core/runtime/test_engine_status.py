"""What a real engine says of itself and of its traders, until the end."""

from __future__ import annotations

import json

import pytest
from staged_engine import Stage, stop_after

from nof0_core.clock import SimulatedClock
from nof0_core.documents.trader_status import status_of
from nof0_core.errors import TransientError
from nof0_core.manager.requests import HaltSwitch
from nof0_core.manager.requests.halt import Halt
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


class LiveClock(SimulatedClock):
    """None whose time stands still while work is done."""

    is_lockstep = False


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def told(stage):
    """The status as it was exported last."""
    return json.loads((stage.root / "data" / "api" / "status.json").read_bytes())


async def test_an_orderly_end_is_the_last_word(stage):
    async with stage.engine(SimulatedClock(START)) as engine:
        assert engine._view().engine.state == "running"
        await engine.run(stop_after(engine, 5))
        assert engine._view().engine.state == "ended"
    engine_row = told(stage)["engine"]
    assert (engine_row["state"], engine_row["reason"]) == ("ended", "enough")
    assert engine_row["since"] > START.timestamp()


async def test_a_failure_is_told_without_secrets(stage):
    secret = "sk-ant-api03-" + "a1B2c3D4" * 6

    def fail(_):
        message = f"the key {secret} is gone"
        raise RuntimeError(message)

    with pytest.raises(ExceptionGroup):
        async with stage.engine(SimulatedClock(START)) as engine:
            await engine.run(fail)
    engine_row = told(stage)["engine"]
    assert engine_row["state"] == "failed"
    assert "is gone" in engine_row["reason"]
    assert "a1B2c3D4" not in json.dumps(told(stage))


async def test_it_is_halted_and_stopping_while_it_is(stage):
    async with stage.engine(LiveClock(START)) as engine:
        switch = HaltSwitch(stage.root / "data")
        switch.set(Halt(time=START, reason="enough", is_flatten=False))
        found = engine._view()
        # The last look at the marker serves for a second of engine time at most.
        assert (found.engine.state, found.engine.reason) == ("halted", "enough")
        assert {str(status_of(one).word) for one in found.traders} == {"halted"}
        engine.manager.stop("asked to")
        assert (engine._view().engine.state, engine._view().engine.reason) == (
            "stopping",
            "asked to",
        )


async def test_a_trader_waits_for_what_is_not_open_yet(stage):
    stage.failures["exchange"] = 1000
    async with stage.engine(LiveClock(START)) as engine:
        for one in engine._view().traders:
            found = status_of(one)
            assert str(found.word) == "waiting"
            assert "paper" in found.reason


async def test_failing_cycles_are_counted_by_reason_and_told_with_their_end(stage):
    async with stage.engine(SimulatedClock(START)) as engine:
        stage.faults["candles"] = TransientError("no bars today")
        await engine.run(stop_after(engine, 30))
    for row in told(stage)["traders"]:
        assert row["status"] == "failing"
        assert row["reason"]
        assert sum(row["failed_by_reason"].values()) >= 3
        assert row["until"] > START.timestamp()
        assert row["cycles"] == row["usable_answers"] == 0
