"""Closed days are compressed beside trading; nothing of a run depends on it."""

from __future__ import annotations

import gzip
import threading
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest
from staged_engine import Stage, stop_after

from nof0_core.clock import SimulatedClock
from nof0_core.domain.event import Alerted
from nof0_core.ids import ENGINE
from nof0_core.journal import Journal, packing, verify
from nof0_core.runtime import packing as beside
from nof0_core.runtime.packing import Packing
from nof0_core.testing.environment import START, Lines

pytestmark = pytest.mark.anyio
PATIENCE = 60
ALERT = Alerted(code="test", message="careful")


class LiveClock(SimulatedClock):
    """None whose time stands still while work is done."""

    is_lockstep = False


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal") as found:
        yield found


def write(journal, *days):
    for day in days:
        journal.append(START + timedelta(days=day), ENGINE, ALERT)
    journal.sync()


def packs(journal):
    return sorted(path.name for path in journal.root.rglob("*.gz"))


def packing_of(journal, alerts=None, **changes):
    options = {
        "journal": journal,
        "is_beside": True,
        "alert": lambda code, message: alerts.append((code, message)),
        "log": Lines(),
        "within": PATIENCE,
    }
    return Packing(**(options | changes))


async def until(condition):
    with anyio.fail_after(PATIENCE):
        while not condition():
            await anyio.lowlevel.checkpoint()


async def test_days_are_packed_after_a_start_and_whenever_one_is_closed(journal):
    write(journal, 0, 1, 2)
    async with packing_of(journal).running():
        await until(lambda: len(packs(journal)) == 2 and journal.days.are_all_packed)
        write(journal, 3)
        await until(lambda: len(packs(journal)) == 3 and journal.days.are_all_packed)
    assert verify(journal.root).ok


async def test_on_a_lockstep_clock_days_are_packed_at_the_end_only(journal, monkeypatch):
    write(journal, 0, 1)
    work = packing_of(journal, is_beside=False)
    async with work.running():
        write(journal, 2)
        with monkeypatch.context() as patched:
            patched.setattr(beside, "pack_all", None)
            for _ in range(100):
                await anyio.lowlevel.checkpoint()
        assert packs(journal) == []
        await work.finish()
        assert len(packs(journal)) == 2


class Gate:
    """Holds whoever packs, in its thread, until it may go on."""

    def __init__(self, monkeypatch):
        self.arrived, self.may_pass = threading.Event(), threading.Event()
        real = packing._compress

        def held(plain, draft, is_over):
            assert threading.current_thread() is not threading.main_thread()
            self.arrived.set()
            while not is_over() and not self.may_pass.wait(0.001):
                pass
            real(plain, draft, is_over)

        monkeypatch.setattr(packing, "_compress", held)


async def test_nobody_waits_while_a_day_is_packed(journal, monkeypatch):
    gate = Gate(monkeypatch)
    write(journal, 0, 1)
    async with packing_of(journal).running():
        await until(gate.arrived.is_set)
        for _ in range(3):
            journal.append(START + timedelta(days=1), ENGINE, ALERT)
            await journal.sync_beside()
        write(journal, 2)
        assert packs(journal) == []
        gate.may_pass.set()
        await until(lambda: len(packs(journal)) == 2 and journal.days.are_all_packed)
    assert verify(journal.root).ok


async def test_the_end_of_the_run_breaks_off_what_is_packed_and_leaves_it_whole(
    journal, monkeypatch
):
    gate = Gate(monkeypatch)
    write(journal, 0, 1)
    work = packing_of(journal, within=0.0)
    async with work.running():
        await until(gate.arrived.is_set)
        await work.finish()
    assert [p.name for p in (journal.root / ENGINE).iterdir() if "part" in p.name] == []
    assert packs(journal) == []
    assert verify(journal.root).ok


async def test_a_damaged_day_is_told_once_and_nothing_is_recorded_at_the_end(journal):
    write(journal, 0, 1, 2)
    path = journal.root / ENGINE / f"{START:%Y-%m-%d}.jsonl"
    path.write_bytes(path.read_bytes().replace(b"careful", b"careFul"))
    alerts = []
    work = packing_of(journal, alerts)
    async with work.running():
        await until(lambda: alerts)
        write(journal, 3)
        await until(lambda: len(packs(journal)) == 2)
        await work.finish()
    ((code, message),) = alerts
    assert code == "journal_day_damaged"
    assert str(path) in message
    assert "put back a copy" in message

    log, quiet = Lines(), []
    last = packing_of(journal, quiet, log=log)
    last.hush()
    await last.finish()
    assert not quiet
    assert any(str(path) in str(line) for line in log.lines)


async def test_whatever_goes_wrong_ends_nobody(journal, monkeypatch):
    def broken(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(beside, "pack_all", broken)
    write(journal, 0, 1)
    log = Lines()
    async with packing_of(journal, log=log).running():
        await until(lambda: log.lines)
    assert "could not be compressed" in str(log.lines[0])


@pytest.mark.parametrize("clock", [SimulatedClock, LiveClock])
async def test_an_engine_leaves_compressed_days_and_starts_on_them(stage, monkeypatch, clock):
    for day in range(3):
        async with stage.engine(clock(START + timedelta(days=day))) as engine:
            await engine.run(
                stop_after(engine, 1)
                if clock is SimulatedClock
                else lambda _, e=engine: e.manager.stop("enough")
            )
    root = stage.root / "data/journal"
    found = sorted(path.name for path in (root / ENGINE).iterdir())
    names = [f"{START + timedelta(days=day):%Y-%m-%d}.jsonl" for day in range(3)]
    assert found == [f"{names[0]}.gz", f"{names[1]}.gz", names[2]]
    assert b'"engine_stopped"' in gzip.decompress((root / ENGINE / found[0]).read_bytes())
    assert verify(root).ok
