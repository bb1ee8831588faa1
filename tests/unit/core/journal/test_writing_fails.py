"""A disk that is full, files that others touch: nothing torn, nothing doubled, nothing lost."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from nof0_core.domain.event import Alerted
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, verify

ALICE, BOB = TraderId("alice"), TraderId("bob")
START = datetime(2025, 7, 1, 12, tzinfo=UTC)
ALERT = Alerted(code="test", message="m" * 500)


@contextmanager
def room_for(size):
    """Let no file of this process grow beyond `size` bytes: writes stop in the middle of a line."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def append(journal, count, *streams):
    for _ in range(count):
        for stream in streams:
            journal.append(START, stream, ALERT)


def test_write_that_stops_in_the_middle_is_taken_back_and_tried_again(root):
    with Journal.open(root) as journal:
        append(journal, 3, ALICE)
        journal.flush()
        whole = (root / "alice/2025-07-01.jsonl").stat().st_size
        append(journal, 3, ALICE)
        with room_for(whole + 700), pytest.raises(JournalError, match=r"alice.*cannot be written"):
            journal.flush()
        assert (root / "alice/2025-07-01.jsonl").stat().st_size == whole
        assert len(list(journal.read())) == 3
        append(journal, 1, ALICE)
        journal.flush()
        assert [event.seq for event in journal.read()] == [1, 2, 3, 4, 5, 6, 7]
    assert verify(root).ok


def test_streams_already_written_are_not_written_again(root):
    with Journal.open(root) as journal:
        append(journal, 1, ALICE)
        append(journal, 5, BOB)
        with room_for(1500), pytest.raises(JournalError, match="bob"):
            journal.flush()
        assert (root / "alice/2025-07-01.jsonl").stat().st_size
        assert list(journal.read()) == []  # readers never meet holes
        journal.flush()
        assert len(list(journal.read())) == 6
    report = verify(root)
    assert report.ok
    assert report.records == 6


def test_directory_that_cannot_be_made_is_reported_and_tried_again(root):
    with Journal.open(root) as journal:
        (root / "alice").write_text("in the way")
        append(journal, 1, ALICE)
        with pytest.raises(JournalError, match=r"alice.*cannot be written"):
            journal.flush()
        (root / "alice").unlink()
        journal.flush()
    assert verify(root).records == 1


def test_second_writer_is_noticed(story):
    journal = Journal.open(story)
    journal.append(START + timedelta(days=1), ALICE, ALERT)
    journal.flush()
    with (story / "alice/2025-07-02.jsonl").open("ab") as file:
        file.write(b"x")
    journal.append(START, ALICE, ALERT)
    with pytest.raises(JournalError, match="somebody else changed it"):
        journal.flush()


def test_file_that_was_removed_is_noticed(story):
    journal = Journal.open(story)
    journal.append(START + timedelta(days=1), ALICE, ALERT)
    journal.flush()
    (story / "alice/2025-07-02.jsonl").unlink()
    journal.append(START, ALICE, ALERT)
    with pytest.raises(JournalError, match="is gone"):
        journal.flush()


def test_disk_that_does_not_confirm_ends_the_writing(root):
    journal = Journal.open(root)
    journal.append(START, ALICE, ALERT)
    journal.flush()
    (root / "alice").rename(root / "gone")
    with pytest.raises(JournalError, match="did not confirm"):
        journal.sync()
    (root / "gone").rename(root / "alice")
    for attempt in (journal.flush, journal.sync, lambda: journal.append(START, ENGINE, ALERT)):
        with pytest.raises(JournalError, match="start it again"):
            attempt()
    journal.close()
