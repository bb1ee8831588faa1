"""An engine whose clock is paced: it sleeps, and yet heeds whoever asks for something."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest

from nof0_core.clock import PacedClock
from nof0_core.domain.vocabulary import ControlCommand
from nof0_core.ids import TraderId
from nof0_core.manager.requests import Requests
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


@pytest.fixture
def asleep(stage, monkeypatch, stepped):
    """Open the staged engine where the next moment is never shown."""
    clock = PacedClock(start=START, speed=1, source=stepped)
    stepped.stand_still()
    return lambda: stage.engine(clock)


async def test_a_stop_takes_effect_at_once_and_moves_no_time(asleep, until):
    async with asleep() as engine:
        reasons = []
        async with anyio.create_task_group() as tasks:

            async def live():
                reasons.append(await engine.run())

            tasks.start_soon(live)
            await until(lambda: engine.recorder.state.standing(TraderId("bob")).cycles == 1)
            await until(lambda: engine.manager.driver.waiting.is_waiting)
            engine.manager.stop("enough")
        assert reasons == ["enough"]
        assert engine.clock.now() == START
        assert {t.cycles for t in engine.manager.traders.values()} == {1}


async def test_the_first_decisions_are_made_without_waiting(asleep, until):
    async with asleep() as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run)
        await until(lambda: all(t.cycles for t in engine.manager.traders.values()))
        engine.manager.stop("enough")


async def test_a_halt_takes_effect_while_it_sleeps(stage, asleep, until):
    async with asleep() as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.run)
        await until(lambda: all(t.cycles for t in engine.manager.traders.values()))
        stage.write("data/control/halt.json", '{"reason": "enough"}')
        await until(lambda: "halted" in stage.codes(engine))
        assert engine.clock.now() == START
        engine.manager.stop("enough")


async def test_a_close_that_is_asked_for_while_it_sleeps_is_done_once(stage, asleep, until):
    async with asleep() as engine, anyio.create_task_group() as tasks:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
        tasks.start_soon(engine.run)
        await until(lambda: all(t.cycles for t in engine.manager.traders.values()))
        requests = Requests(stage.root / "data")
        requests.add(ControlCommand.CLOSE, TraderId("ann"), None, START)
        requests.add(ControlCommand.PAUSE, TraderId("bob"), None, START)
        await until(lambda: not requests.look())
        assert not engine.recorder.state.positions("paper")
        assert engine.manager.traders[TraderId("bob")].is_paused
        assert engine.clock.now() - START < timedelta(seconds=2)
        engine.manager.stop("enough")


async def test_nobody_is_looked_at_for_no_reason_while_it_sleeps(stage, asleep, until, monkeypatch):
    async with asleep() as engine, anyio.create_task_group() as tasks:
        engine.manager.driver.beat = 0.001
        seen = []
        news = engine.manager._venues.has_news
        monkeypatch.setattr(
            engine.manager._venues, "has_news", lambda: seen.append(len(stage.calls)) or news()
        )
        tasks.start_soon(engine.run)
        await until(lambda: all(t.cycles for t in engine.manager.traders.values()))
        stage.write("data/control/halt.json", '{"reason": "enough"}')
        await until(lambda: "halted" in stage.codes(engine))
        await until(lambda: seen and seen.count(seen[-1]) > 20)
        assert not engine.manager._venues.has_news()
        engine.manager.stop("enough")
