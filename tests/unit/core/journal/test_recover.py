"""Opening a journal that a crash, a power failure or a person has been at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nof0_core.domain.event import Alerted, EngineStarted, GapFound
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, verify

ALICE, BOB = TraderId("alice"), TraderId("bob")
START = datetime(2025, 7, 3, 12, tzinfo=UTC)
ALERT = Alerted(code="test", message="careful")
STARTED = EngineStarted(
    version="0.1.0", config_digest="c" * 64, clock=ClockKind.SYSTEM, seed=1, traders=(ALICE, BOB)
)


def cut_last_line(path):
    """Lose the last line, as a power failure does with what was never synced."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    return lines[-1]


def seqs(root):
    with Journal.open(root) as journal:
        return [event.seq for event in journal.read()]


@pytest.mark.parametrize("keep", [1, 40, 300, -1])
def test_torn_last_line_is_cut_off_saved_and_reported(story, keep):
    path = story / "@engine/2025-07-02.jsonl"
    whole = path.read_bytes()
    first, second = whole.splitlines(keepends=True)
    torn = second[:keep]
    path.write_bytes(first + torn)
    with Journal.open(story) as journal:
        (cut,) = journal.recovered
        assert (cut.stream, cut.file, cut.line, cut.size) == (ENGINE, path, 2, len(torn))
        assert cut.saved.read_bytes() == torn
        assert cut.saved.name == "2025-07-02.jsonl.torn"
        assert path.read_bytes() == first
        assert journal.last_seq == 7
        assert journal.append(START, ENGINE, ALERT).seq == 8
    assert verify(story).ok


def test_last_line_that_is_no_record_is_cut_off_even_with_its_line_break(story):
    path = story / "bob/2025-07-02.jsonl"
    path.write_bytes(b"\x00" * 100 + b"\n")
    with Journal.open(story) as journal:
        assert [cut.size for cut in journal.recovered] == [101]
        assert path.stat().st_size == 0
        assert journal.gaps == ((5, 5),)
    assert verify(story).ok


def test_second_torn_line_does_not_overwrite_the_first_copy(story):
    path = story / "alice/2025-07-02.jsonl"
    for rubbish in (b"{first", b"{second"):
        with path.open("ab") as file:
            file.write(rubbish)
        Journal.open(story).close()
    assert (path.parent / f"{path.name}.torn").read_bytes() == b"{first"
    assert (path.parent / f"{path.name}.torn2").read_bytes() == b"{second"


def test_lost_end_of_one_stream_is_documented_and_then_accepted(story):
    cut_last_line(story / "bob/2025-07-02.jsonl")
    assert [fault.what for fault in verify(story).faults] == ["missing"]
    with Journal.open(story) as journal:
        assert journal.gaps == ((5, 5),)
        (event,) = journal.read(types={"gap"})
        assert event.body == GapFound(first=5, last=5)
        assert (event.seq, event.stream) == (9, ENGINE)
        assert event.time == datetime(2025, 7, 2, 1, tzinfo=UTC)
        journal.append(START, BOB, ALERT)
    report = verify(story)
    assert report.ok
    assert report.lost == ((5, 5),)
    with Journal.open(story) as journal:
        assert journal.gaps == ()


def test_losses_of_several_streams_are_separate_gaps(story):
    cut_last_line(story / "bob/2025-07-02.jsonl")  # 5
    cut_last_line(story / "alice/2025-07-02.jsonl")  # 6
    cut_last_line(story / "alice/2025-07-01.jsonl")  # 4
    cut_last_line(story / "alice/2025-07-01.jsonl")  # 2
    with Journal.open(story) as journal:
        assert journal.gaps == ((2, 2), (4, 6))
    assert verify(story).ok


def test_record_missing_from_before_the_last_start_was_deleted_by_somebody(story):
    with Journal.open(story) as journal:
        journal.append(START, ENGINE, STARTED)
    cut_last_line(story / "bob/2025-07-02.jsonl")
    with pytest.raises(JournalError, match="lacks record 5: deleted after record 9"):
        Journal.open(story)


def test_stream_that_vanished_is_not_taken_for_a_power_failure(story):
    with Journal.open(story) as journal:
        journal.append(START, ENGINE, STARTED)
    for path in (story / "alice").iterdir():
        path.unlink()
    with pytest.raises(JournalError, match="closed day 2025-07-01 of alice is missing"):
        Journal.open(story)
    (story / "days.json").unlink()
    with pytest.raises(JournalError, match="lacks record 2: deleted"):
        Journal.open(story)


def test_record_that_comes_back_after_it_was_documented_as_lost_is_refused(story):
    path = story / "bob/2025-07-02.jsonl"
    lost = cut_last_line(path)
    Journal.open(story).close()
    path.write_bytes(lost)
    with pytest.raises(JournalError, match="has record 5, which it says were lost"):
        Journal.open(story)
    assert [(fault.what, fault.seq) for fault in verify(story).faults] == [("order", 5)]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda line: line.replace(b"gr", b"Gr"), r"record 4: hash", id="changed"),
        pytest.param(lambda line: line[:100] + b"\n", r"01.jsonl:2: unparsable", id="cut"),
        pytest.param(lambda line: b"", r"record 6: prev", id="deleted"),
        pytest.param(lambda line: line + line, r"record 4: prev", id="doubled"),
        pytest.param(lambda line: line[:-1], r"01.jsonl:2: record 4: unparsable", id="no end"),
    ],
)
def test_damage_in_the_middle_is_refused_with_file_line_and_record(story, damage, words):
    path = story / "alice/2025-07-01.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + damage(second))
    with pytest.raises(JournalError, match=words) as caught:
        Journal.open(story)
    assert "alice/2025-07-0" in str(caught.value)
    assert any("nof0 journal verify" in hint for hint in caught.value.hints)


def test_changed_record_at_the_end_is_damage_not_a_crash(story):
    path = story / "@engine/2025-07-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b"done", b"dome"))
    with pytest.raises(JournalError, match=r"02.jsonl:2: record 8: hash"):
        Journal.open(story)


def test_opening_an_empty_directory_writes_nothing(root):
    Journal.open(root).close()
    assert list(root.iterdir()) == []
    with Journal.open(root) as journal:
        assert (journal.last_seq, journal.recovered, journal.gaps) == (0, (), ())
        assert verify(root, anchor=journal.safe).ok


def test_crash_in_a_new_day_goes_on_in_the_same_file(story):
    path = story / "alice/2025-07-03.jsonl"
    path.write_bytes(b'{"seq":9,"ti')
    with Journal.open(story) as journal:
        journal.append(START, ALICE, ALERT)
        journal.append(START + timedelta(days=1), ALICE, ALERT)
    assert path.read_bytes().count(b"\n") == 1
    assert seqs(story) == list(range(1, 11))
    assert verify(story).ok
