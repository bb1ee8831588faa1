"""When checkpoints are made, and what becomes of a run that cannot make one."""

from __future__ import annotations

import errno
from datetime import UTC, datetime

import anyio
import pytest

from nof0_core.clock import SimulatedClock, SystemClock, pause
from nof0_core.domain.event import Alerted
from nof0_core.ids import ENGINE
from nof0_core.journal import Bookmark, Journal
from nof0_core.runtime import checkpointing
from nof0_core.runtime.checkpointing import Checkpointing
from nof0_core.state import checkpoint
from nof0_core.state.checkpoint import part_of
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.anyio


class Desk:
    def __init__(self, folder, clock, durability, every=5):
        self.log = Lines()
        self.journal = Journal.open(folder / "journal")
        self.recorder = Recorder(
            events=self.journal,
            durability=durability,
            state=EngineState(),
            clock=clock,
            log=Lines(),
        )
        self.directory = folder / "checkpoints"
        self.checkpoints = Checkpointing(
            journal=self.journal,
            recorder=self.recorder,
            directory=self.directory,
            engine="nof0",
            config_digest="digest",
            log=self.log,
            every=every,
        )
        self.recorder.listeners.append(self.checkpoints.notice)

    def say(self, count):
        for _ in range(count):
            self.recorder.record(ENGINE, Alerted(code="test", message="m"))

    @property
    def made(self):
        return [int(path.stem) for path in checkpoint.found(self.directory)]


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path, SimulatedClock(datetime(2025, 7, 1, tzinfo=UTC)), Durability.BUFFER)
    with made.journal:
        yield made


@pytest.fixture
def live(tmp_path):
    made = Desk(tmp_path, SystemClock(), Durability.DISK)
    with made.journal:
        yield made


def test_one_is_made_every_so_many_events_between_two_moments(desk):
    desk.say(4)
    desk.checkpoints.put_if_due()
    assert desk.made == []
    desk.say(3)
    desk.checkpoints.put_if_due()
    assert desk.made == [7]
    desk.say(4)
    desk.checkpoints.put_if_due()
    assert desk.made == [7]
    desk.say(1)
    desk.checkpoints.put_if_due()
    assert desk.made == [12, 7]


def test_it_names_the_record_it_was_made_after(desk):
    desk.say(5)
    desk.checkpoints.put_if_due()
    desk.say(1)
    kept = checkpoint.read(desk.directory / "5.ckpt")
    assert (kept.engine, kept.config_digest, kept.seq) == ("nof0", "digest", 5)
    (event,) = [e for e in desk.journal.read() if e.seq == 5]
    mark = Bookmark.load(part_of(kept.parts, "journal", 1))
    assert (mark.seq, mark.hash, mark.time) == (5, kept.hash, event.time)
    assert not mark.is_real_time


def test_without_an_event_there_is_none(desk):
    desk.checkpoints.put()
    assert desk.made == []


def test_what_it_tells_of_is_on_disk_before(desk):
    desk.say(2)
    assert desk.journal.safe.last[0] == 0
    desk.checkpoints.put()
    assert desk.journal.safe.last[0] == 2


async def test_in_real_time_they_are_made_beside_everything_else(live):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(live.checkpoints.keep)
        for count in (5, 5):
            live.say(count)
            with anyio.fail_after(60):
                while not live.made or live.made[0] < live.journal.last_seq:
                    await pause(0.01)
        tasks.cancel_scope.cancel()
    assert live.made == [10, 5]
    kept = checkpoint.read(live.directory / "10.ckpt")
    assert Bookmark.load(part_of(kept.parts, "journal", 1)).is_real_time


def test_a_disk_without_room_is_a_warning_and_the_older_ones_stay(desk, monkeypatch):
    desk.say(5)
    desk.checkpoints.put_if_due()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "replace_durably", full)
    desk.say(5)
    desk.checkpoints.put_if_due()
    assert desk.made == [5]
    assert [line[1] for line in desk.log.lines] == ["no checkpoint could be made"]
    monkeypatch.undo()
    desk.say(5)
    desk.checkpoints.put_if_due()
    assert desk.made == [15, 5]


async def test_where_the_journal_has_no_room_none_is_made(live, monkeypatch):
    class Full:
        is_on = True

    live.recorder._full_disk = Full()
    monkeypatch.setattr(live.recorder, "_look_for_room", lambda: None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(live.checkpoints.keep)
        live.say(5)
        with anyio.fail_after(60):
            while live.journal.safe.last[0] < 5:
                await pause(0.01)
        await pause(0.05)
        tasks.cancel_scope.cancel()
    assert live.made == []


def test_an_ordinary_run_makes_one_every_ten_thousand_events():
    assert checkpointing.EVERY == 10_000
