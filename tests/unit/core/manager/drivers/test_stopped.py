"""A driver that is stopped in the middle of a duty: nothing is lost, and a restart goes on."""

from __future__ import annotations

import inspect
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import anyio.to_thread
import pytest
from staged_engine import FILES, Stage
from world.clock import WorldClock
from world.loop import live_in, nap, now

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Signal
from nof0_core.domain.model import Completion
from nof0_core.execution.limits import LIMITS
from nof0_core.journal.verify import verify
from nof0_core.runtime.sections import as_configured
from nof0_core.testing import samples
from nof0_core.testing.environment import START

CLOCKS = {"lockstep": SimulatedClock, "concurrent": WorldClock}
ENOUGH = "enough"
MOST = 300
"""Moments after which a duty has had its turn: two hours and more."""


class Sink:
    """An exporter that takes everything."""

    async def cursor(self):
        return 0

    async def export(self, events, view):
        pass


class Eager:
    """A model that wants to enter at every decision."""

    async def complete(self, request):
        return Completion(model="eager", decisions=(samples.decision(Signal.BUY_TO_ENTER),))


class Break:
    """Stops a run the first time something is called, in the middle of it.

    `asks`: the run is asked to stop, and what was being done goes on once it has been. Otherwise
    whoever runs it is cancelled, and what was being done never comes back by itself.
    """

    def __init__(self, engine, *, asks):
        self.engine, self.asks = engine, asks
        self.scope = anyio.CancelScope()
        self.was_reached = False

    def into(self, owner, name):
        work = getattr(owner, name)

        def stop():
            self.was_reached = True
            if self.asks:
                self.engine.manager.stop(ENOUGH)
            else:
                self.scope.cancel()

        async def waits(*args, **kwargs):
            if not self.was_reached:
                stop()
                await (nap(1) if self.asks else anyio.sleep_forever())
            return await work(*args, **kwargs)

        def acts(*args, **kwargs):
            if not self.was_reached:
                stop()
            return work(*args, **kwargs)

        setattr(owner, name, waits if inspect.iscoroutinefunction(work) else acts)


def execution_of(engine):
    [execution] = engine.manager._executions.values()
    return execution


def often(engine):
    engine.checkpoints._every = 3
    return engine.checkpoints, "_write"


# Where the middle of each duty is: who is called there, and the verb.
DUTIES = {
    "cycle": lambda engine, stage: (engine.manager.traders["ann"].maker, "decide"),
    "order": lambda engine, stage: (stage.venue, "place"),
    "sync": lambda engine, stage: (stage.venue, "report"),
    "quotes": lambda engine, stage: (stage.market, "quotes"),
    "hour": lambda engine, stage: (execution_of(engine), "settle_hour"),
    "rebalance": lambda engine, stage: (engine.manager._rebalancer, "run"),
    "controls": lambda engine, stage: (engine.manager._venues._controls, "close_out"),
    "guard": lambda engine, stage: (execution_of(engine)._guard, "protect"),
    "hint": lambda engine, stage: (engine.manager.driver.waiting, "wake"),
    "exports": lambda engine, stage: (stage.sink, "export"),
    "checkpoint": lambda engine, stage: often(engine),
}


@pytest.fixture
def stage(tmp_path, monkeypatch):
    stage = Stage(tmp_path)
    stage.write(
        "etc/nof0.yaml",
        FILES["nof0.yaml"] + "Exporters:\n  - {type: prometheus, path: ./x.prom}\n",
    )
    stage.sink, stage.model = Sink(), Eager()

    async def at_once(work, *arguments, **_):
        return work(*arguments)

    # The world has no threads.
    monkeypatch.setattr(anyio.to_thread, "run_sync", at_once)
    return stage


def opener(stage):
    """Open what is configured, but for exporter and model."""

    @asynccontextmanager
    async def ours(service):
        yield service

    def opened(family, section, env):
        service = {"exporter": stage.sink, "llm": stage.model}.get(family)
        return as_configured(family, section, env) if service is None else ours(service)

    return opened


async def stopped(stage, kind, duty, *, asks):
    """Run an engine that holds a position until it is stopped; return what it ended with."""
    async with stage.engine(CLOCKS[kind](START), opener=opener(stage)) as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "bob")
        broken = Break(engine, asks=asks)
        broken.into(*DUTIES[duty](engine, stage))
        begun = now()
        moments = [0]

        def hint(_):
            moments[0] += 1
            if moments[0] > MOST:
                engine.manager.stop("it never came to that")
            if duty == "hint" and moments[0] == 2:
                engine.manager.driver.hasten(engine.manager, "paper")
            if duty == "exports" and kind == "lockstep" and moments[0] == 2:
                engine.export()

        with broken.scope:
            await engine.run(hint)
        assert broken.was_reached
        if asks:
            assert now() - begun < 2 * 3600 + LIMITS.end
        engine.journal.flush()
        ended = [e.body for e in engine.journal.read(types=["engine_stopped"])][-1]
        assert ended.unprotected == engine.manager.unprotected()
        assert ("unprotected_at_end" in stage.codes(engine)) is bool(ended.unprotected)
        held = engine.recorder.state.positions("paper")
        assert held
        return ended, engine.clock.now()


@pytest.mark.parametrize("asks", [True, False], ids=["stopped", "cancelled"])
@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("kind", CLOCKS)
def test_the_journal_is_whole_the_end_says_why_and_a_restart_goes_on(stage, kind, duty, asks):
    ended, moment = live_in(1, lambda: stopped(stage, kind, duty, asks=asks))
    assert ended.reason == (ENOUGH if asks else "cancelled")
    assert verify(stage.root / "data" / "journal").ok

    async def go_on():
        clock = CLOCKS[kind](moment + timedelta(minutes=5))
        async with stage.engine(clock, opener=opener(stage)) as engine:
            before = {t: engine.recorder.state.standing(t).cycles for t in engine.manager.traders}
            left = [6]

            def after(_):
                left[0] -= 1
                if not left[0]:
                    engine.manager.stop("done")

            assert await engine.run(after) == "done"
            assert engine.manager.unprotected() == ()
            assert execution_of(engine).drift == ()
            for trader, cycles in before.items():
                assert engine.recorder.state.standing(trader).cycles > cycles

    live_in(2, go_on)
    assert verify(stage.root / "data" / "journal").ok
