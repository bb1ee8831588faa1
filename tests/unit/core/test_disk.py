"""What counts as synced is synced, whoever waits for it and however it ends."""

from __future__ import annotations

import anyio
import pytest
from disk_gate import PATIENCE

from nof0_core import disk
from nof0_core.clock import pause
from nof0_core.disk import Unsynced, sync_all

pytestmark = pytest.mark.anyio


class Scene:
    """Files that are written to, and tasks that wait for the disk."""

    def __init__(self, directory, tasks):
        self.directory = directory
        self.tasks = tasks
        self.unsynced = Unsynced()
        self.ended = []

    def write(self, *names):
        for name in names:
            path = self.directory / name
            path.write_text("x")
            self.unsynced.add(path)

    async def wait(self, name):
        """Let a task wait; returns once it does."""

        async def one():
            try:
                await self.unsynced.sync_beside()
            except OSError:
                self.ended.append(f"{name} failed")
            else:
                self.ended.append(name)

        self.tasks.start_soon(one)
        await anyio.wait_all_tasks_blocked()

    async def ends(self, *names):
        """Wait until just these have ended, in this order."""
        with anyio.fail_after(PATIENCE):
            while len(self.ended) < len(names):
                await pause(0.001)
        assert self.ended == list(names)


@pytest.fixture
async def scene(tmp_path):
    async with anyio.create_task_group() as tasks:
        yield Scene(tmp_path, tasks)


async def test_who_comes_during_a_trip_shares_the_next_one(scene, gate):
    scene.write("a")
    await scene.wait("first")
    await gate.busy()
    for name in ("b", "c"):
        scene.write(name)
        await scene.wait(name)
    assert scene.ended == []
    gate.open()
    await gate.busy()
    assert scene.ended == ["first"]
    gate.open()
    await scene.ends("first", "b", "c")
    assert gate.trips == [["a"], ["b", "c"]]


async def test_what_is_written_again_during_a_trip_is_not_synced_by_it(scene, gate):
    scene.write("a")
    await scene.wait("first")
    await gate.busy()
    scene.write("a")
    await scene.wait("second")
    gate.open()
    await gate.busy()
    assert scene.ended == ["first"]
    gate.open()
    await scene.ends("first", "second")
    await scene.unsynced.sync_beside()
    assert gate.trips == [["a"], ["a"]]


async def test_a_sync_during_a_trip_does_not_rely_on_it(scene, gate):
    scene.write("a")
    await scene.wait("first")
    await gate.busy()
    scene.write("b")
    scene.unsynced.sync()
    assert gate.trips[1:] == [["a", "b"]]
    gate.open()
    await scene.ends("first")


async def test_a_disk_that_does_not_confirm_is_told_to_all_and_for_good(scene, gate):
    scene.write("a")
    await scene.wait("first")
    await gate.busy()
    scene.write("b")
    await scene.wait("second")
    (scene.directory / "a").unlink()
    gate.open()
    await scene.ends("first failed", "second failed")
    scene.write("a")
    with pytest.raises(FileNotFoundError):
        scene.unsynced.sync()
    with pytest.raises(FileNotFoundError):
        await scene.unsynced.sync_beside()
    assert gate.trips == [["a"]]


async def test_a_trip_goes_on_without_who_began_it(scene, gate):
    scene.write("a")
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(scene.unsynced.sync_beside)
            await gate.busy()
            scene.write("b")
            await scene.wait("second")
            scope.cancel()
            gate.open(2)
    await scene.ends("second")
    assert gate.trips == [["a"], ["b"]]


async def test_who_is_cancelled_before_his_trip_leaves_it_to_the_next(scene, gate):
    scene.write("a")
    await scene.wait("first")
    await gate.busy()
    scene.write("b")
    with anyio.move_on_after(0):
        await scene.unsynced.sync_beside()
    gate.open()
    await scene.ends("first")
    scene.unsynced.sync()
    assert gate.trips == [["a"], ["b"]]


@pytest.mark.parametrize("count", [1, 20])
def test_files_are_synced_before_directories(tmp_path, monkeypatch, count):
    """After a power failure an entry must not lead to a file without its content."""
    synced = []
    monkeypatch.setattr(disk, "sync_path", synced.append)
    files = {tmp_path / str(number) for number in range(count)}
    for path in files:
        path.touch()
    sync_all({tmp_path, tmp_path.parent, *files})
    assert set(synced[:count]) == files
    assert synced[count:] == [tmp_path.parent, tmp_path]
