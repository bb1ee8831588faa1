"""One port, two logs: files and memory keep the same promises to who records and who reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from memory_log import MemoryLog

from nof0_core.domain.context import Performance
from nof0_core.domain.event import Alerted, CycleEnded, Decided
from nof0_core.domain.model import Message
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal
from nof0_core.state.event_log import whole_events
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio

START = datetime(2025, 7, 23, tzinfo=UTC)
ANN, BOB = TraderId("ann"), TraderId("bob")
ALERT = Alerted(code="test", message="m")
PROMPT = "You trade with care. " * 20


def cycle(**more):
    """Return what both records of a cycle have."""
    return {
        "trader": ANN,
        "cycle": "c",
        "number": 1,
        "scheduled": START,
        "model": "m",
        "market": "",
        "account": samples.account(),
        "performance": Performance(),
        **more,
    }


def ended(**more):
    return CycleEnded(**cycle(**more), status=CycleStatus.OK)


def prompt(text):
    return (Message(role="system", content=text),)


@pytest.fixture(params=["files", "memory"])
def events(request, tmp_path):
    if request.param == "memory":
        yield MemoryLog()
        return
    with Journal.open(tmp_path / "journal") as journal:
        yield journal


def numbers(events, *arguments, **options):
    return [event.seq for event in events.read(*arguments, **options)]


def test_events_are_numbered_from_one(events):
    assert events.last_seq == 0
    assert [events.append(START, stream, ALERT).seq for stream in (ANN, BOB, ENGINE)] == [1, 2, 3]
    assert events.last_seq == 3


def test_what_is_flushed_can_be_read(events):
    first = events.append(START, ANN, ALERT)
    assert numbers(events) == []
    events.flush()
    assert list(events.read()) == [first]


def test_reading_ends_at_what_was_the_newest_when_it_was_asked(events):
    for _ in range(2):
        events.append(START, ANN, ALERT)
    events.flush()
    reading = events.read()
    events.append(START, ANN, ALERT)
    events.flush()
    assert [event.seq for event in reading] == [1, 2]


async def test_events_are_read_from_a_number_on_of_some_streams_and_types(events):
    events.append(START, ANN, ALERT)
    events.append(START, BOB, ALERT)
    events.append(START, ANN, ended())
    events.sync()
    events.append(START, ANN, ALERT)
    await events.sync_beside()
    assert numbers(events, 1) == [2, 3, 4]
    assert numbers(events, streams=[ANN]) == [1, 3, 4]
    assert numbers(events, types=["cycle"]) == [3]
    assert numbers(events, 1, streams=[ANN], types=["alert"]) == [4]


def test_a_cycle_is_whole_also_where_reading_begins_within_it(events):
    decided = events.append(START, ANN, Decided(**cycle(messages=prompt(PROMPT)), answer="buy"))
    events.append(START, ANN, ended(decided=decided.seq))
    later = ended(messages=prompt(""), texts_in=(decided.seq,))
    events.append(START, ANN, later)
    events.flush()
    for after in (0, 1, 2):
        whole = [event.body for event in whole_events(events, after=after)]
        assert [body.messages for body in whole] == [prompt(PROMPT)] * (3 - after)
    assert [event.body.answer for event in whole_events(events, after=1)] == ["buy", ""]


def test_a_cycle_of_which_a_part_is_gone_is_not_made_up(events):
    events.append(START, ANN, ALERT)
    events.append(START, ANN, ended(messages=prompt(""), texts_in=(1,)))
    events.flush()
    with pytest.raises(JournalError, match="stands in record 1"):
        list(whole_events(events))
