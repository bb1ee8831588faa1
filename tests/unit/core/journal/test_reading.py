"""Reading in order, from anywhere, only what is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nof0_core.domain.event import Alerted, EngineStopped
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, read

ALICE, BOB = TraderId("alice"), TraderId("bob")
START = datetime(2025, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """1500 events of very different length in three streams over three days."""
    root = tmp_path_factory.mktemp("large") / "journal"
    events = []
    with Journal.open(root) as journal:
        for number in range(1500):
            time = START + timedelta(minutes=3 * number)
            stream = (ALICE, ALICE, BOB, ENGINE)[number % 4]
            text = "x" * (number * 7919 % 5000)
            body = (
                EngineStopped(reason=text)
                if stream == ENGINE
                else Alerted(code="test", message=text)
            )
            events.append(journal.append(time, stream, body))
            if number % 97 == 0:
                journal.flush()
    assert max(path.stat().st_size for path in root.glob("*/*")) > 500_000
    return root, events


def test_events_come_back_in_order(large):
    root, events = large
    assert list(read(root, {})) == events


@pytest.mark.parametrize("after", [0, 1, 2, 479, 480, 481, 750, 960, 1200, 1498, 1499, 1500, 9999])
def test_reading_starts_behind_any_number(large, after):
    root, events = large
    assert [event.seq for event in read(root, {}, after=after)] == [
        event.seq for event in events if event.seq > after
    ]


def test_every_start_gives_the_next_event(large):
    root, events = large
    for after in range(0, 1500, 7):
        assert next(read(root, {}, after=after)) == events[after]


def test_only_wanted_streams_and_types_are_given(large):
    root, events = large
    assert list(read(root, {}, streams={BOB})) == [e for e in events if e.stream == BOB]
    assert list(read(root, {}, types={"engine_stopped"}, after=700)) == [
        e for e in events if e.stream == ENGINE and e.seq > 700
    ]
    assert list(read(root, {}, streams={BOB}, types={"engine_stopped"})) == []


def test_bodies_of_unwanted_types_are_not_looked_into(root):
    with Journal.open(root) as journal:
        journal.append(START, ALICE, Alerted(code="a", message="m"))
        journal.append(START, ALICE, EngineStopped(reason="r"))
    path = root / "alice/2025-07-01.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"code":"a"', b'"kode":"a"'))
    assert [event.seq for event in read(root, {}, types={"engine_stopped"})] == [2]
    with pytest.raises(JournalError, match=r"record 1 of alice: .*does not fit"):
        list(read(root, {}))


def test_line_that_is_being_written_is_left_for_later(story):
    path = story / "@engine/2025-07-02.jsonl"
    whole = path.read_bytes()
    for size in range(len(whole) - 300, len(whole)):
        path.write_bytes(whole[:size])
        assert [event.seq for event in read(story, {})] == list(range(1, 8))


def test_line_that_is_no_record_is_an_error(story):
    path = story / "alice/2025-07-01.jsonl"
    path.write_bytes(b"rubbish\n" + path.read_bytes())
    with pytest.raises(JournalError, match="no record") as caught:
        list(read(story, {}))
    assert "nof0 journal verify" in caught.value.hints[0]


def test_a_reader_sees_what_is_flushed_while_it_reads(root):
    with Journal.open(root) as journal:
        journal.append(START, ALICE, EngineStopped(reason="1"))
        journal.flush()
        reader = journal.read()
        assert next(reader).seq == 1
        journal.append(START, ALICE, EngineStopped(reason="2"))
        journal.flush()
        assert [event.seq for event in journal.read(after=1)] == [2]


def test_a_directory_without_journal_has_no_events(tmp_path):
    assert list(read(tmp_path / "nothing", {})) == []
