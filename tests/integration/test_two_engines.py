"""Two engines in one process do not disturb each other."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from datetime import timedelta
from decimal import ROUND_UP, Context, getcontext, localcontext
from pathlib import Path
from types import SimpleNamespace

import anyio
import anyio.to_thread
import pytest
from opened import open_engine
from staged_engine import Stage
from world.clock import WorldClock
from world.loop import live_in

from nof0_core import config as configuration
from nof0_core.clock import SimulatedClock
from nof0_core.errors import JournalError
from nof0_core.journal import tail
from nof0_core.journal.verify import verify
from nof0_core.plugins import load_plugins
from nof0_core.runtime.logs import logging_to
from nof0_core.testing.environment import START

pytestmark = [pytest.mark.integration, pytest.mark.anyio]

ROOT = Path(__file__).parents[2]


async def run_engine(data, cycles, *, is_verbose=False):
    """Run the shipped configuration at full speed with a log of its own."""
    config = configuration.load(ROOT / "etc" / "nof0.yaml", load_plugins(), data_dir=data)
    shown = []
    with logging_to(data / "nof0.log", is_verbose=is_verbose, echo=shown.append) as log:
        async with open_engine(config, full_speed=True, log=log) as engine:
            own = log("test")
            traders = engine.manager.traders.values()

            def after(moment):
                own.info("moment", data=data.name, time=moment.isoformat())
                own.debug("detail", data=data.name)
                if max(trader.cycles for trader in traders) >= cycles:
                    engine.manager.stop("done")

            await engine.run(after)
    return shown


async def test_each_log_has_the_lines_of_its_own_engine(tmp_path, run_in):
    long, short, alone = (tmp_path / name for name in ("long", "short", "alone"))
    async with anyio.create_task_group() as tasks:
        # The short one ends first and takes its log with it.
        tasks.start_soon(run_engine, long, 30)
        tasks.start_soon(run_engine, short, 10)
    await run_engine(alone, 30)
    logs = {
        data.name: [json.loads(line) for line in (data / "nof0.log").read_text().splitlines()]
        for data in (long, short, alone)
    }
    for name, lines in logs.items():
        assert {line["data"] for line in lines if line["event"] == "moment"} == {name}
    assert [line["event"] for line in logs["long"]] == [line["event"] for line in logs["alone"]]
    assert len(logs["short"]) < len(logs["long"])
    assert run_in(long).journal_without_wall() == run_in(alone).journal_without_wall()


class DeadError(Exception):
    """What a market raises that a plugin's author has not thought of."""


async def in_coarse_context(work, *args, **options):
    """Do something in a task whose decimal context has nine digits and rounds up."""
    with localcontext(Context(prec=9, rounding=ROUND_UP)) as ambient:
        result = await work(*args, **options)
        assert getcontext() is ambient
        assert (ambient.prec, ambient.rounding) == (9, ROUND_UP)
        return result


def market_dies(stage, monkeypatch):
    """Let it raise, whatever it is asked, what nobody expects."""
    fault = BaseExceptionGroup("gone", [DeadError("gone"), SystemExit(3)])
    stage.faults.update(dict.fromkeys(("quotes", "candles"), fault))


def disk_is_full(stage, monkeypatch):
    """Let the journal of this stage, and of no other, find no room any more."""

    def write(descriptor, data):
        files = {path.stat().st_ino for path in (stage.root / "data").rglob("*.jsonl")}
        if os.fstat(descriptor).st_ino in files:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(descriptor, data)

    monkeypatch.setattr(tail, "os", SimpleNamespace(**(vars(os) | {"write": write})))


async def break_in_the_middle(stage, fault, monkeypatch, clock, *, until):
    """Run a staged engine, break it after three moments; return why it has ended."""
    async with stage.engine(clock) as engine:
        left = [3]

        def after(_):
            left[0] -= 1
            if not left[0]:
                fault(stage, monkeypatch)
            if until(engine):
                engine.manager.stop("seen enough")

        try:
            return await engine.run(after)
        except (ExceptionGroup, JournalError) as error:
            return error


@pytest.mark.parametrize("fault", [market_dies, disk_is_full])
async def test_one_that_fails_changes_not_a_byte_of_what_the_other_one_records(
    tmp_path, run_in, monkeypatch, fault
):
    beside, alone, broken = tmp_path / "beside", tmp_path / "alone", Stage(tmp_path / "broken")
    outcome = []

    async def fail():
        clock = SimulatedClock(START)
        end = START + timedelta(minutes=30)
        with contextlib.suppress(JournalError):  # closing what cannot be written
            outcome.append(
                await break_in_the_middle(
                    broken, fault, monkeypatch, clock, until=lambda _: clock.now() >= end
                )
            )

    async def go_on():
        await in_coarse_context(run_engine, beside, 30, is_verbose=True)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(go_on)
        tasks.start_soon(fail)
    if fault is market_dies:
        assert outcome == ["seen enough"]
        assert "trader_failing" in broken.codes(broken.opened)
    else:
        assert not outcome or isinstance(outcome[0], Exception)
    await run_engine(alone, 30)
    assert run_in(beside).journal_without_wall() == run_in(alone).journal_without_wall()
    details = [line for line in logged(beside) if line["event"] == "detail"]
    assert len(details) > 20
    assert {line["data"] for line in details} == {"beside"}
    assert not [line for line in logged(alone) if line["event"] == "detail"]


def logged(data):
    return [json.loads(line) for line in (data / "nof0.log").read_text().splitlines()]


@pytest.mark.parametrize("fault", [market_dies, disk_is_full])
def test_where_time_runs_by_itself_the_other_one_ends_in_good_order(tmp_path, monkeypatch, fault):
    well, broken = Stage(tmp_path / "well"), Stage(tmp_path / "broken")

    async def at_once(work, *arguments, **_):
        return work(*arguments)

    # The world has no threads.
    monkeypatch.setattr(anyio.to_thread, "run_sync", at_once)

    outcome = []

    async def trade():
        async with well.engine(WorldClock(START)) as engine:
            await engine.manager.catch_up()
            await well.enter(engine, "ann")

            def after(moment):
                if moment >= START + timedelta(minutes=30):
                    engine.manager.stop("enough")

            assert await engine.run(after) == "enough"
            assert well.codes(engine) == []
            assert engine.manager.unprotected() == ()
            assert {t.cycles for t in engine.manager.traders.values()} == {30}

    async def fail():
        end = START + timedelta(minutes=30)
        with contextlib.suppress(JournalError):  # closing what cannot be written
            outcome.append(
                await break_in_the_middle(
                    broken,
                    fault,
                    monkeypatch,
                    WorldClock(START),
                    until=lambda e: e.clock.now() >= end,
                )
            )

    async def both():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(in_coarse_context, trade)
            tasks.start_soon(fail)

    live_in(1, both)
    if fault is market_dies:
        assert outcome == ["seen enough"]
    else:
        assert broken.opened.recorder.is_disk_full
    assert verify(well.root / "data" / "journal").ok
