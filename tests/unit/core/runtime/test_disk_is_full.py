"""An engine on a full disk: it goes on living, decides nothing, and recovers by itself."""

from __future__ import annotations

import errno

import pytest
from small_disk import SmallDisk
from staged_engine import Stage

from nof0_core.clock import SimulatedClock
from nof0_core.errors import JournalFullError
from nof0_core.journal.reserve import SIZE
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


class LiveClock(SimulatedClock):
    """None whose time stands still while work is done."""

    is_lockstep = False


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def kinds(engine):
    engine.recorder.flush()
    return [e.body.type for e in engine.journal.read()]


async def test_nobody_decides_while_the_disk_is_full_and_everybody_afterwards(stage, monkeypatch):
    disk = SmallDisk(monkeypatch, 3 * SIZE)
    async with stage.engine(LiveClock(START)) as engine:
        trader = engine.manager.traders["ann"]
        assert (stage.root / "data/reserve").stat().st_size == SIZE
        disk.room = 10
        engine.recorder.alert("test", "no room for this")
        await engine.recorder.secure()
        assert {view.status for view in engine.views.traders()} == {"disk_full"}
        trader.is_paused = True
        assert engine.views.traders()[0].status == "paused"
        trader.is_paused = False
        await engine.manager._cycles.run(trader, START)
        assert "cycle" not in kinds(engine)
        with pytest.raises(JournalFullError):
            await engine.recorder.assure()
        disk.room = 3 * SIZE
        await engine.recorder.secure()
        assert {view.status for view in engine.views.traders()} == {"running"}
        await engine.manager._cycles.run(trader, START)
        assert "cycle" in kinds(engine)


async def test_a_state_file_without_room_is_logged_and_the_last_one_stays(stage, monkeypatch):
    async with stage.engine(LiveClock(START)) as engine:
        engine.export()
        state = stage.root / "data/manager_state.json"
        before = state.read_bytes()

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device", "manager_state.tmp")

        engine.recorder.alert("test", "something new")
        with monkeypatch.context() as patch:
            patch.setattr("nof0_core.runtime.state_file.begun", full)
            engine.export()
        assert state.read_bytes() == before
        assert any("the state file has no room" in line for line in map(str, stage.log.lines))


async def test_a_simulation_keeps_no_reserve(stage, monkeypatch):
    async with stage.engine(SimulatedClock(START)):
        assert not (stage.root / "data/reserve").exists()
