from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from nof0_core.domain.event import Alerted
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, listing
from nof0_core.journal.listing import Listing
from nof0_core.journal.packing import pack_all
from nof0_core.journal.places import day_files

START = datetime(2025, 7, 1, 12, tzinfo=UTC)
DAYS = 5


@pytest.fixture
def root(tmp_path):
    """Five days of two streams, all but the newest compressed."""
    with Journal.open(tmp_path / "journal") as journal:
        for day in range(DAYS):
            for stream in (ENGINE, TraderId("bob")):
                journal.append(START + timedelta(days=day), stream, Alerted(code="a", message="b"))
        journal.sync()
        pack_all(journal.days, journal.directories)
    return tmp_path / "journal"


@pytest.fixture
def looks(monkeypatch):
    """How often each directory was listed."""
    found, names_in = Counter(), listing.names_in

    def counted(directory):
        found[directory.name] += 1
        return names_in(directory)

    monkeypatch.setattr(listing, "names_in", counted)
    return found


@pytest.mark.parametrize("is_marked", [False, True])
def test_a_start_lists_each_stream_once(root, looks, is_marked):
    with Journal.open(root) as journal:
        mark = journal.bookmark(is_real_time=True) if is_marked else None
    looks.clear()
    with Journal.open(root, mark=mark) as journal:
        assert journal.last_seq == 2 * DAYS
    assert looks == {ENGINE: 1, "bob": 1}


def test_reading_lists_each_stream_once(root, looks):
    with Journal.open(root) as journal:
        looks.clear()
        assert len(list(journal.read(after=3))) == 2 * DAYS - 3
    assert looks == {ENGINE: 1, "bob": 1}


def test_it_finds_what_is_there_and_looks_again_once_it_is_told_to(root):
    directory = root / "bob"
    found = Listing()
    before = found.day_files(directory)
    assert before == day_files(directory)
    assert len(before) == DAYS
    (directory / ".2025-07-01.jsonl.gz.part").touch()
    (directory / "2025-07-09.jsonl").touch()
    assert (found.day_files(directory), found.drafts(directory)) == (before, [])
    found.forget(directory)
    assert found.day_files(directory) == day_files(directory)
    assert [draft.name for draft in found.drafts(directory)] == [".2025-07-01.jsonl.gz.part"]


def test_a_directory_that_is_not_there_has_nothing(tmp_path):
    assert Listing().day_files(tmp_path / "none") == []
