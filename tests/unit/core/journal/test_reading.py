"""Reading in order, from anywhere, only what is asked for."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from nof0_core.domain.event import Alerted, EngineStopped
from nof0_core.errors import JournalError
from nof0_core.files import open_regular
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, content, read, reading
from nof0_core.journal.days import ClosedDays, read_days
from nof0_core.journal.packing import pack_all, unpack
from nof0_core.journal.places import day_of, streams

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


def packed(root):
    return pack_all(ClosedDays(root, read_days(root)), streams(root, {})).days


@pytest.fixture(scope="module")
def small(large, tmp_path_factory):
    """The same with its closed days compressed."""
    root = tmp_path_factory.mktemp("small") / "journal"
    shutil.copytree(large[0], root)
    assert packed(root) == 9
    return root


@pytest.mark.parametrize("after", [0, 1, 479, 480, 481, 750, 960, 1200, 1499, 1500, 9999])
def test_reading_starts_behind_any_number_of_compressed_days(small, large, after):
    assert [event.seq for event in read(small, {}, after=after)] == [
        event.seq for event in large[1] if event.seq > after
    ]


def test_files_before_the_first_wanted_record_are_not_read(small, large, monkeypatch):
    """Only their first lines are looked at, of a few of them."""
    asked = []
    real = content.read_at

    def seen(path, offset, size):
        asked.append((path.name, offset))
        return real(path, offset, size)

    monkeypatch.setattr(content, "read_at", seen)
    assert [event.seq for event in read(small, {}, after=1490)] == list(range(1491, 1501))
    assert {name for name, offset in asked if offset} <= {"2025-07-04.jsonl"}


class Open:
    """Counts the files that are open for reading, and which chunks are asked for."""

    def __init__(self, monkeypatch):
        self.now = self.most = self.largest = 0
        for module in (content, reading):
            monkeypatch.setattr(module, "open_regular", self._opened)
            changed = {"close": self._closed, "pread": self._read}
            monkeypatch.setattr(module, "os", SimpleNamespace(**(vars(os) | changed)))

    def _opened(self, path):
        self.now += 1
        self.most = max(self.most, self.now)
        return open_regular(path)

    def _closed(self, descriptor):
        self.now -= 1
        os.close(descriptor)

    def _read(self, descriptor, size, offset):
        self.largest = max(self.largest, size)
        return os.pread(descriptor, size, offset)


@pytest.mark.parametrize("which", ["plain", "compressed"])
@pytest.mark.parametrize("after", [0, 700])
def test_one_file_is_open_at_a_time_and_none_between_two_events(
    small, large, monkeypatch, which, after
):
    files = Open(monkeypatch)
    for _ in read({"plain": large[0], "compressed": small}[which], {}, after=after):
        assert files.now == 0
    assert files.most == 1
    assert 0 < files.largest <= content.CHUNK


def test_many_streams_and_one_open_file(root, monkeypatch):
    with Journal.open(root) as journal:
        for number in range(600):
            stream = TraderId(f"t{number % 200}")
            journal.append(START, stream, EngineStopped(reason=str(number)))
    files = Open(monkeypatch)
    assert [event.seq for event in read(root, {})] == list(range(1, 601))
    assert files.most == 1


def test_a_line_longer_than_a_chunk_is_read(root):
    long = "x" * (3 * content.CHUNK)
    with Journal.open(root) as journal:
        for day in (1, 2):
            for text in ("short", long, "short"):
                body = EngineStopped(reason=text)
                journal.append(datetime(2025, 7, day, tzinfo=UTC), ENGINE, body)
    assert packed(root) == 1
    texts = [event.body.reason for event in read(root, {})]
    assert texts == ["short", long, "short"] * 2
    assert [event.seq for event in read(root, {}, after=4)] == [5, 6]


@pytest.mark.parametrize("is_packed", [False, True])
def test_the_order_is_that_of_numbers_where_the_clock_was_set_back_over_a_days_end(root, is_packed):
    """Alice is in the file of the next day while bob and the engine still write the one before."""
    late, early = datetime(2025, 7, 2, 0, 5, tzinfo=UTC), datetime(2025, 7, 1, 23, 50, tzinfo=UTC)
    story = [(ALICE, early), (BOB, early), (ALICE, late), (BOB, early), (ALICE, early)]
    story += [(ENGINE, early), (BOB, early), (ALICE, early), (BOB, late), (ENGINE, late)]
    with Journal.open(root) as journal:
        events = [journal.append(t, s, Alerted(code="test", message="m")) for s, t in story]
    assert len((root / "alice/2025-07-02.jsonl").read_bytes().splitlines()) == 3
    if is_packed:
        assert packed(root) == 3
    assert list(read(root, {})) == events
    for after in range(len(events)):
        assert list(read(root, {}, after=after)) == events[after:]


def test_a_reader_goes_on_where_files_are_compressed_while_it_reads(large, tmp_path):
    for stop in range(0, 1500, 211):
        root = tmp_path / str(stop)
        shutil.copytree(large[0], root)
        reader = read(root, {})
        before = [next(reader).seq for _ in range(stop)]
        assert packed(root) == 9
        assert before + [event.seq for event in reader] == list(range(1, 1501))


def test_a_reader_goes_on_where_a_file_is_unpacked_while_it_reads(small, large, tmp_path):
    root = tmp_path / "journal"
    shutil.copytree(small, root)
    reader = read(root, {})
    before = [next(reader).seq for _ in range(300)]
    for path in root.glob("*/*.gz"):
        unpack(path.parent, day_of(path))
    assert before + [event.seq for event in reader] == list(range(1, 1501))


def test_a_reader_whose_files_are_taken_away_says_so(small, tmp_path):
    root = tmp_path / "journal"
    shutil.copytree(small, root)
    reader = read(root, {})
    next(reader)
    for path in root.glob("bob/*.gz"):
        path.unlink()
    with pytest.raises(JournalError, match="bob/2025-07-0.*is not there any more"):
        list(reader)


def test_a_reader_of_a_journal_that_grows_leaves_nothing_out(root):
    """Alice is read to her end early; what she and bob write then is for the next reader."""
    with Journal.open(root) as journal:
        journal.append(START, ALICE, EngineStopped(reason="1"))
        for _ in range(5):
            journal.append(START, BOB, EngineStopped(reason="x" * content.CHUNK))
        journal.flush()
        reader = journal.read()
        assert [next(reader).seq for _ in range(3)] == [1, 2, 3]
        journal.append(START, ALICE, EngineStopped(reason="late"))
        journal.append(START, BOB, EngineStopped(reason="later"))
        journal.flush()
        assert [event.seq for event in reader] == [4, 5, 6]
        assert [event.seq for event in journal.read(after=6)] == [7, 8]
