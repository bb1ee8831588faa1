"""A full disk: nothing torn or lost, what protects goes on, and all of it once there is room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from small_disk import SmallDisk

from nof0_core.clock import SimulatedClock
from nof0_core.domain.event import Alerted
from nof0_core.errors import JournalError, JournalFullError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, verify
from nof0_core.journal.reserve import Reserve
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.anyio

START = datetime(2025, 7, 23, 23, 30, tzinfo=UTC)
ALERT = Alerted(code="test", message="m" * 300)
RESERVE = 8192
STREAMS = (TraderId("ann"), TraderId("bob"), ENGINE)


class MovedClock(SimulatedClock):
    def pass_(self, minutes):
        self._now += timedelta(minutes=minutes)


class Desk:
    def __init__(self, root, disk, durability=Durability.DISK):
        self.root, self.disk = root / "journal", disk
        self.clock = MovedClock(START)
        self.journal = Journal.open(self.root)
        self.recorder = Recorder(
            events=self.journal,
            durability=durability,
            state=EngineState(),
            clock=self.clock,
            log=Lines(),
        )

    def keep_room(self):
        self.recorder.keep_room(Reserve(self.root.parent / "reserve", RESERVE))

    def record(self, count=1):
        for _ in range(count):
            for stream in STREAMS:
                self.recorder.record(stream, ALERT)

    def codes(self):
        """What a person was told, by what is on disk."""
        return [
            e.body.code for e in self.journal.read(types=["alert"]) if e.body.code != ALERT.code
        ]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    made = Desk(tmp_path, SmallDisk(monkeypatch, 40_000))
    made.keep_room()
    return made


async def fill_up(desk):
    desk.disk.room = 200
    desk.record()
    await desk.recorder.secure()


async def test_a_full_disk_gives_the_reserve_to_what_is_written_next(desk):
    assert not desk.recorder.is_disk_full
    await fill_up(desk)
    assert desk.recorder.is_disk_full
    assert not (desk.root.parent / "reserve").exists()
    assert desk.codes() == ["disk_full"]
    assert verify(desk.root).records == desk.journal.last_seq == 4


async def test_what_must_be_kept_is_not_begun(desk):
    await desk.recorder.assure()
    await fill_up(desk)
    with pytest.raises(JournalFullError):
        await desk.recorder.assure()


async def test_with_the_reserve_used_up_what_is_recorded_waits_in_memory(desk):
    await fill_up(desk)
    desk.disk.room = 700
    desk.record(3)
    desk.recorder.commit()
    await desk.recorder.secure()
    desk.recorder.flush()
    written = verify(desk.root)
    assert written.records < desk.journal.last_seq
    assert {fault.what for fault in written.faults} <= {"missing"}
    desk.disk.room = 100_000
    await desk.recorder.secure()
    report = verify(desk.root)
    assert report.ok, report.faults
    assert report.records >= 13


async def test_it_is_told_once_an_hour_and_when_it_is_over(desk):
    await fill_up(desk)
    for _ in range(5):
        desk.clock.pass_(10)
        await desk.recorder.secure()
    assert desk.codes() == ["disk_full"]
    desk.clock.pass_(15)
    await desk.recorder.secure()
    desk.recorder.flush()
    assert desk.codes() == ["disk_full"] * 2
    assert desk.recorder.is_disk_full
    desk.disk.room = 3 * RESERVE
    await desk.recorder.secure()
    assert not desk.recorder.is_disk_full
    assert (desk.root.parent / "reserve").stat().st_size == RESERVE
    desk.recorder.flush()
    assert desk.codes() == ["disk_full"] * 2 + ["disk_has_room"]
    await desk.recorder.assure()


async def test_a_start_without_room_for_the_reserve_is_a_full_disk(tmp_path, monkeypatch):
    desk = Desk(tmp_path, SmallDisk(monkeypatch, RESERVE))
    desk.keep_room()
    assert desk.recorder.is_disk_full
    desk.recorder.commit()
    assert desk.codes() == ["disk_full"]


async def test_a_disk_that_does_not_confirm_ends_the_engine_reserve_or_not(desk, monkeypatch):
    desk.record()

    def broken(_):
        raise OSError(28, "No space left on device", "ann")

    monkeypatch.setattr("nof0_core.disk.sync_all", broken)
    for attempt in (desk.recorder.secure, desk.recorder.secure):
        with pytest.raises(JournalError, match="did not confirm") as caught:
            await attempt()
        assert not isinstance(caught.value, JournalFullError)


async def test_a_simulation_ends_and_goes_on_later(tmp_path, monkeypatch):
    desk = Desk(tmp_path, SmallDisk(monkeypatch, 500), Durability.BUFFER)
    desk.record()
    for attempt in (desk.recorder.commit, desk.recorder.flush):
        with pytest.raises(JournalFullError):
            attempt()
    desk.disk.room = 10_000
    desk.recorder.commit()
    assert verify(desk.root).records == 3


@pytest.mark.parametrize("room", range(0, 9000, 97))
async def test_wherever_the_disk_is_full_nothing_is_torn_or_lost(tmp_path, monkeypatch, room):
    """The disk has room for so much; then a person makes more."""
    disk = SmallDisk(monkeypatch, 100_000)
    desk = Desk(tmp_path, disk)
    desk.keep_room()
    disk.room = room
    for step in range(6):
        desk.record()
        desk.clock.pass_(10)
        if step % 2:
            await desk.recorder.secure()
        else:
            desk.recorder.flush()
        faults = {fault.what for fault in verify(desk.root).faults}
        assert faults <= {"missing"}, "a line is torn"
    disk.room = 100_000
    await desk.recorder.secure()
    assert not desk.recorder.is_disk_full
    desk.journal.close()
    report = verify(desk.root)
    assert report.ok, report.faults
    assert report.records == desk.journal.last_seq
    with Journal.open(desk.root, anchor=desk.journal.safe) as again:
        assert (again.gaps, again.recovered) == ((), ())
