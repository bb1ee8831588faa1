"""Journals of traders that have a directory of their own."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from nof0_core.domain.event import Alerted
from nof0_core.errors import JournalError, UsageError
from nof0_core.ids import TraderId
from nof0_core.journal import Journal, read, verify

ALICE, BOB = TraderId("alice"), TraderId("bob")
START = datetime(2025, 7, 3, 12, tzinfo=UTC)
ALERT = Alerted(code="test", message="careful")


@pytest.fixture
def own(tmp_path):
    return tmp_path / "own"


@pytest.fixture
def apart(root, own, tell):
    """A journal whose alice is elsewhere."""
    with Journal.open(root, elsewhere={ALICE: own}) as journal:
        tell(journal)
    return root


def test_records_are_in_the_directory_of_the_trader(apart, own):
    assert sorted(path.name for path in (own / "alice").iterdir()) == [
        "2025-07-01.jsonl",
        "2025-07-02.jsonl",
    ]
    assert [event.seq for event in read(apart, {ALICE: own})] == list(range(1, 9))
    assert verify(apart, {ALICE: own}).ok


def test_the_root_alone_leads_to_all_records(apart):
    assert [event.seq for event in read(apart, {})] == list(range(1, 9))
    assert verify(apart).ok


def test_writing_goes_on_elsewhere(apart, own):
    with Journal.open(apart, elsewhere={ALICE: own}) as journal:
        assert journal.append(START, ALICE, ALERT).seq == 9
    assert (own / "alice/2025-07-03.jsonl").exists()
    assert verify(apart).ok


def test_two_traders_share_a_directory(root, own, tell):
    with Journal.open(root, elsewhere={ALICE: own, BOB: own}) as journal:
        tell(journal)
    assert sorted(path.name for path in own.iterdir()) == ["alice", "bob"]
    assert verify(root).ok


def test_changed_journal_dir_is_refused_until_the_files_are_moved(apart, own, tmp_path):
    new = tmp_path / "new"
    with pytest.raises(UsageError, match=r"the journal of alice is in .*own/alice") as caught:
        Journal.open(apart, elsewhere={ALICE: new})
    assert any(f"to {new / 'alice'}" in hint for hint in caught.value.hints)
    shutil.rmtree(new)
    shutil.move(own, new)
    with Journal.open(apart, elsewhere={ALICE: new}) as journal:
        assert journal.append(START, ALICE, ALERT).seq == 9
    assert verify(apart).ok


def test_journal_dir_that_comes_later_is_refused_until_the_files_are_moved(story, own):
    with pytest.raises(UsageError, match="the journal of bob is in"):
        Journal.open(story, elsewhere={BOB: own})
    shutil.rmtree(own)
    own.mkdir()
    shutil.move(story / "bob", own / "bob")
    Journal.open(story, elsewhere={BOB: own}).close()
    assert (story / "bob").is_symlink()
    assert verify(story).ok


def test_journal_dir_taken_out_of_the_configuration_loses_nothing(apart, own):
    with Journal.open(apart) as journal:
        journal.append(START, ALICE, ALERT)
    assert (own / "alice/2025-07-03.jsonl").exists()
    assert verify(apart).records == 9


def test_directory_that_is_away_is_not_taken_for_an_empty_one(apart, own):
    shutil.rmtree(own)
    with pytest.raises(JournalError, match=r"alice is in .* which is not there") as caught:
        Journal.open(apart)
    assert "not mounted" in caught.value.hints[0]
    with pytest.raises(JournalError, match="which is not there"):
        verify(apart)


def test_directory_that_cannot_be_made_is_a_usage_error(root, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written: .*a part of the path is no directory"):
        Journal.open(tmp_path / "file" / "journal")
    with pytest.raises(UsageError, match="cannot be written"):
        Journal.open(root, elsewhere={ALICE: tmp_path / "file"})
