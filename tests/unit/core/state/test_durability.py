"""Where a record is before anything that depends on it leaves: it is said once, not guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import anyio
import pytest
from memory_log import MemoryLog

from nof0_core.clock import SimulatedClock, SystemClock
from nof0_core.domain.event import Alerted, Transferred
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.errors import JournalFullError, UnbookableError
from nof0_core.ids import ENGINE
from nof0_core.journal.reserve import Reserve
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.event_log import whole_events
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.anyio

START = datetime(2025, 7, 23, tzinfo=UTC)
ALERT = Alerted(code="test", message="m")
RESERVE = 8192
CLOCKS = [
    pytest.param(lambda: SimulatedClock(START), id="simulated clock"),
    pytest.param(SystemClock, id="system clock"),
]


def transferred(amount):
    return Transferred(
        venue_account="paper",
        amounts={"ann": amount},
        equities={"ann": Decimal(0)},
        reason=TransferReason.INITIAL,
    )


@pytest.fixture
def events():
    return MemoryLog()


def recorder_over(events, durability, clock=None):
    return Recorder(
        events=events,
        durability=durability,
        state=EngineState(),
        clock=clock or SimulatedClock(START),
        log=Lines(),
    )


async def flush(recorder):
    recorder.flush()


async def commit(recorder):
    recorder.commit()


async def secure(recorder):
    assert await recorder.secure() == recorder.last_seq


async def assure(recorder):
    assert await recorder.assure() == recorder.last_seq


@pytest.mark.parametrize("durability", Durability)
async def test_what_cannot_be_applied_is_never_appended(events, durability):
    recorder, heard = recorder_over(events, durability), []
    recorder.listeners.append(heard.append)
    recorder.record("ann", transferred(Decimal(5)))
    with pytest.raises(UnbookableError):
        recorder.record("ann", transferred(Decimal("NaN")))
    assert recorder.record("ann", transferred(Decimal(7))).seq == recorder.last_seq == 2
    assert events.events == heard
    assert [event.body.amounts["ann"] for event in heard] == [5, 7]


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("ask", [commit, secure, assure])
async def test_buffer_hands_over_all_and_never_waits_for_a_disk(events, ask, clock):
    recorder = recorder_over(events, Durability.BUFFER, clock())
    for _ in range(3):
        recorder.record(ENGINE, ALERT)
        await ask(recorder)
    assert (events.written, events.durable) == (3, 0)


async def test_what_has_until_the_end_of_its_moment_is_handed_over_by_commit_alone(events):
    recorder = recorder_over(events, Durability.MOMENT)
    for _ in range(3):
        recorder.record(ENGINE, ALERT)
        await recorder.secure()
        recorder.flush()
    assert events.written == 0
    recorder.commit()
    assert (events.written, events.durable) == (3, 0)


async def test_buffer_gives_no_other_task_a_turn(events):
    recorder, turns = recorder_over(events, Durability.BUFFER), []

    async def other():
        turns.append("other")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        await recorder.assure()
        turns.append("assured")
    assert turns == ["assured", "other"]


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("ask", [commit, secure, assure])
async def test_disk_has_confirmed_all_before_it_returns(events, ask, clock):
    recorder = recorder_over(events, Durability.DISK, clock())
    for number in range(1, 4):
        recorder.record(ENGINE, ALERT)
        await ask(recorder)
        assert events.durable == number


async def test_what_others_record_while_the_disk_works_is_not_promised(events):
    recorder = recorder_over(events, Durability.DISK)
    recorder.record(ENGINE, ALERT)

    async def other():
        recorder.record(ENGINE, ALERT)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        assert await recorder.assure() == 1
        assert (recorder.last_seq, events.durable) == (2, 1)


@pytest.mark.parametrize("durability", [Durability.BUFFER, Durability.DISK])
async def test_a_flush_is_for_the_operating_system_alone(events, durability):
    recorder = recorder_over(events, durability)
    recorder.record(ENGINE, ALERT)
    recorder.flush()
    assert (events.written, events.durable) == (1, 0)


@pytest.mark.parametrize(
    ("ask", "durability"),
    [
        *product([flush, commit, secure, assure], [Durability.BUFFER, Durability.DISK]),
        *product([commit, assure], [Durability.MOMENT]),
    ],
)
async def test_without_a_reserve_a_full_disk_is_an_error_and_nothing_is_lost(
    events, ask, durability
):
    recorder = recorder_over(events, durability)
    events.room = 1
    for _ in range(3):
        recorder.record(ENGINE, ALERT)
    with pytest.raises(JournalFullError):
        await ask(recorder)
    assert (recorder.last_seq, events.written) == (3, 1)
    events.room = 2
    await ask(recorder)
    assert events.written == 3


async def test_with_a_reserve_a_full_disk_lets_what_protects_go_on(events, tmp_path):
    recorder = recorder_over(events, Durability.DISK)
    recorder.keep_room(Reserve(tmp_path / "reserve", RESERVE))
    recorder.record(ENGINE, ALERT)
    events.room = 0
    assert await recorder.secure() == 1
    assert recorder.is_disk_full
    assert not (tmp_path / "reserve").exists()
    with pytest.raises(JournalFullError):
        await recorder.assure()
    assert events.durable == 0
    assert [event.body.code for event in events.events] == ["test", "disk_full"]
    events.room = 10
    await recorder.secure()  # makes the reserve anew
    assert (recorder.is_disk_full, events.durable) == (False, 2)
    assert await recorder.assure() == events.durable == 3
    assert events.events[-1].body.code == "disk_has_room"


@pytest.mark.parametrize("durability", Durability)
async def test_what_was_committed_can_be_read_back_into_the_same_state(
    events, durability, picture_of
):
    recorder = recorder_over(events, durability)
    for amount in (100, -30, 7):
        recorder.record("ann", transferred(Decimal(amount)))
    recorder.commit()
    again = EngineState()
    for event in whole_events(events):
        again.apply(event)
    assert picture_of(again, ["ann"]) == picture_of(recorder.state, ["ann"])
