"""Writing: numbers, files, chain, and what two runs have in common."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zlib import crc32

import pytest

from nof0_core.domain.event import Alerted, Event
from nof0_core.errors import JournalError, UnbookableError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Anchor, Journal, verify

ALICE = TraderId("alice")
START = datetime(2025, 7, 1, 12, tzinfo=UTC)
ALERT = Alerted(code="test", message="careful")
KEYS = ["seq", "time", "stream", "type", "data", "prev", "hash", "wall"]


def lines_of(root):
    """All lines of a journal, by number."""
    lines = [line for path in root.glob("*/*.jsonl") for line in path.read_bytes().splitlines()]
    return sorted(lines, key=lambda line: json.loads(line)["seq"])


def test_numbers_count_over_all_streams_from_one(story):
    records = [json.loads(line) for line in lines_of(story)]
    assert [record["seq"] for record in records] == list(range(1, 9))
    assert {record["stream"] for record in records} == {"@engine", "alice", "bob"}


def test_every_stream_has_a_file_for_each_day(story):
    files = sorted(str(path.relative_to(story)) for path in story.glob("*/*"))
    assert files == [
        "@engine/2025-07-01.jsonl",
        "@engine/2025-07-02.jsonl",
        "alice/2025-07-01.jsonl",
        "alice/2025-07-02.jsonl",
        "bob/2025-07-01.jsonl",
        "bob/2025-07-02.jsonl",
    ]


def test_line_is_what_the_documentation_says(story):
    line = (story / "@engine/2025-07-02.jsonl").read_bytes().splitlines()[0]
    record = json.loads(line)
    assert list(record) == KEYS
    assert record["time"] == "2025-07-02T01:00:00Z"
    assert record["data"]["message"] == "größer als 5 €"
    assert b" " not in line.replace("größer als 5 €".encode(), b"")
    hashed = line[: line.index(b',"hash":')]
    assert record["hash"] == hashlib.sha256(hashed).hexdigest()
    at = record["wall"]["at"]
    assert at == "2026-01-02T03:04:05.678901Z"
    assert record["wall"]["took"] == "0000.000000"
    assert list(record["wall"]) == ["at", "took", "by", "lease", "sum"]
    assert (record["wall"]["by"], record["wall"]["lease"]) == ("0" * 16, "0" * 10)
    checksum = crc32(f"{record['hash']} {at} 0000.000000 {'0' * 16} {'0' * 10}".encode())
    assert record["wall"]["sum"] == f"{checksum:08x}"


def test_the_machines_part_has_the_length_the_documentation_says(story):
    page = (Path(__file__).parents[4] / "docs" / "journal.md").read_text(encoding="utf-8")
    said = int(re.search(r"part of a line is (\d+) bytes", page)[1])
    lines = [line for file in story.rglob("*.jsonl") for line in file.read_bytes().splitlines()]
    assert {len(line[line.index(b',"wall":') : -1]) for line in lines} == {said}


def test_chain_goes_on_over_midnight(story):
    first, second, other = [
        [json.loads(line) for line in (story / name).read_text().splitlines()]
        for name in ("alice/2025-07-01.jsonl", "alice/2025-07-02.jsonl", "bob/2025-07-01.jsonl")
    ]
    assert second[0]["prev"] == first[-1]["hash"]
    assert first[0]["prev"] != other[0]["prev"]


def test_two_runs_differ_in_machine_time_and_who_wrote_only(tmp_path, tell):
    texts = []
    later = START + timedelta(days=400, microseconds=5)
    for name, wall, who in (("a", START, "a" * 16), ("b", later, "b" * 16)):
        with Journal.open(tmp_path / name, wall=lambda wall=wall: wall, instance=who) as journal:
            tell(journal)
        texts.append(lines_of(tmp_path / name))
        assert all(f'"by":"{who}","lease":"0000000000"'.encode() in t for t in texts[-1])
    assert texts[0] != texts[1]
    assert [t[: t.index(b',"wall":')] for t in texts[0]] == [
        t[: t.index(b',"wall":')] for t in texts[1]
    ]


def test_how_often_is_flushed_changes_no_byte(tmp_path, tell):
    class Eager(Journal):
        def append(self, time, stream, body):
            event = super().append(time, stream, body)
            self.sync()
            return event

    for name, kind in (("lazy", Journal), ("eager", Eager)):
        with kind.open(tmp_path / name, wall=lambda: START) as journal:
            tell(journal)
    assert lines_of(tmp_path / "lazy") == lines_of(tmp_path / "eager")


def test_append_returns_the_event_and_nothing_is_on_disk_before_flush(root):
    with Journal.open(root) as journal:
        event = journal.append(START, ALICE, ALERT)
        assert event == Event(seq=1, time=START, stream=ALICE, body=ALERT)
        assert list(journal.read()) == []
        journal.flush()
        assert list(journal.read()) == [event]
        assert journal.last_seq == 1
        assert journal.last == (1, journal.head(ALICE))


def test_times_of_other_zones_are_kept_as_utc(root):
    tokyo = timezone(timedelta(hours=9))
    with Journal.open(root) as journal:
        event = journal.append(datetime(2025, 7, 2, 3, tzinfo=tokyo), ALICE, ALERT)
    assert event.time.tzinfo is UTC
    assert (root / "alice/2025-07-01.jsonl").exists()


def test_clock_set_back_does_not_reorder_the_stream(root):
    with Journal.open(root) as journal:
        journal.append(START, ALICE, ALERT)
        journal.append(START - timedelta(days=1), ALICE, ALERT)
        journal.flush()
    with Journal.open(root) as journal:
        journal.append(START - timedelta(days=1), ALICE, ALERT)
        journal.append(START + timedelta(days=1), ALICE, ALERT)
    assert [p.name for p in sorted((root / "alice").iterdir())] == [
        "2025-07-01.jsonl",
        "2025-07-02.jsonl",
    ]
    assert verify(root).ok


def test_writing_goes_on_after_reopening(story):
    with Journal.open(story) as journal:
        assert journal.last_seq == 8
        assert journal.append(START, ALICE, ALERT).seq == 9
        last = journal.last
    report = verify(story, anchor=Anchor(last=last))
    assert report.ok
    assert report.records == 9


def test_refused_event_takes_no_number(root):
    with Journal.open(root) as journal:
        with pytest.raises(UnbookableError, match="cannot be written"):
            journal.append(START, ALICE, Alerted(code="test", message="\udfff"))
        with pytest.raises(JournalError, match="time without zone"):
            journal.append(START.replace(tzinfo=None), ALICE, ALERT)
        assert journal.append(START, ENGINE, ALERT).seq == 1
    assert verify(root).ok


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", 'a"b', "a\nb", "x" * 201])
def test_name_that_is_no_directory_is_refused(root, name):
    with Journal.open(root) as journal:
        with pytest.raises(JournalError, match="cannot be the name of a journal stream"):
            journal.append(START, TraderId(name), ALERT)
        journal.append(START, TraderId("趋势 交易员"), ALERT)
        assert journal.last_seq == 1
    assert verify(root).ok


def test_day_that_is_written_late_leaves_no_file_open(root):
    with Journal.open(root) as journal:
        for day in range(40):
            journal.append(START + timedelta(days=day), ALICE, ALERT)
        journal.flush()
        assert sum(path.samefile(root / "alice/2025-07-01.jsonl") for path in _open_files()) == 0
        assert len([path for path in _open_files() if root in path.parents]) == 1
    assert verify(root).records == 40


def _open_files():
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = link.readlink()
        except FileNotFoundError:
            continue
        if target.is_file():
            found.append(target)
    return found
