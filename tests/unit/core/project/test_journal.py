"""A journal as commands and companions read it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner

from nof0_core.cli.journal import journal as command
from nof0_core.domain.event import Alerted
from nof0_core.errors import UsageError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal
from nof0_core.journal.archiving import archive
from nof0_core.project import ArchivedDay, DayState, open_journal

START = datetime(2025, 7, 1, 12, tzinfo=UTC)
ONE = TraderId("one")


@pytest.fixture
def data(tmp_path):
    """A data directory with three days of two streams, two records each."""
    folder = tmp_path / "data"
    with Journal.open(folder / "journal") as journal:
        for day in range(3):
            for stream in (ENGINE, ONE, ENGINE, ONE):
                told = Alerted(code="test", message=f"day {day}")
                journal.append(START + timedelta(days=day), stream, told)
        journal.sync()
    return folder


@pytest.fixture
def reader(data):
    return open_journal(data)


def numbers(records):
    return [record.seq for record in records]


def test_records_come_in_order_by_stream_type_and_number(reader):
    assert reader.streams() == (ENGINE, ONE)
    assert numbers(reader.records()) == list(range(1, 13))
    assert numbers(reader.records(traders=["one"])) == [2, 4, 6, 8, 10, 12]
    assert numbers(reader.records(after=9)) == [10, 11, 12]
    assert numbers(reader.records(types=["filled"])) == []


def test_a_day_is_from_its_midnight_to_the_next(reader):
    second = datetime(2025, 7, 2, tzinfo=UTC)
    found = reader.records(since=second, until=second + timedelta(days=1))
    assert [record.event().body.message for record in found] == ["day 1"] * 4


@pytest.mark.parametrize(("seq", "is_there"), [(1, True), (12, True), (13, False)])
def test_a_record_is_found_by_its_number(reader, seq, is_there):
    assert (reader.record(seq) is not None) is is_there


def test_the_directory_the_journal_in_it_and_what_was_given_as_data_dir_are_the_same(data):
    assert open_journal(data) == open_journal(data / "journal")
    assert open_journal(data / "no.yaml", data_dir=data) == open_journal(data)


def test_where_there_is_none_it_is_said_so(tmp_path):
    with pytest.raises(UsageError, match="there is no journal in"):
        open_journal(tmp_path)


def archived(data, tmp_path, before):
    reader = open_journal(data)
    archive(reader.root, reader.elsewhere, before=before, target=tmp_path / "away")
    return reader


def test_archived_days_are_named_until_their_files_are_back(data, tmp_path):
    reader = archived(data, tmp_path, date(2025, 7, 2))
    first = date(2025, 7, 1)
    assert reader.archived() == (
        ArchivedDay(stream=ENGINE, day=first, first=1, last=3),
        ArchivedDay(stream=ONE, day=first, first=2, last=4),
    )
    assert [one.stream for one in reader.archived(["one"])] == [ONE]
    assert numbers(reader.records()) == list(range(5, 13))
    states = {(one.stream, one.day): one.state for one in reader.days()}
    assert states[ONE, first] is DayState.ARCHIVED
    for file in (tmp_path / "away" / "one").iterdir():
        file.rename(data / "journal" / "one" / file.name)
    assert [one.stream for one in reader.archived()] == [ENGINE]


def listed(data, *words):
    result = CliRunner().invoke(command, ["list", str(data), "--json", *words])
    assert result.exit_code == 0
    return result


def test_a_list_tells_of_archived_days_it_would_have_shown_on_standard_error(data, tmp_path):
    archived(data, tmp_path, date(2025, 7, 3))
    result = listed(data)
    assert len(result.stdout.splitlines()) == 4
    span = "2025-07-01 to 2025-07-02"
    assert result.stderr == f"note: archived, and so not shown: {span} of @engine, one\n"
    later = listed(data, "--since", "2025-07-02", "--trader", "one", "--limit", "0")
    assert later.stderr == "note: archived, and so not shown: 2025-07-02 of one\n"


@pytest.mark.parametrize("words", [["--limit", "2"], ["--since", "2025-07-03"]])
def test_a_list_that_lacks_nothing_says_nothing(data, tmp_path, words):
    archived(data, tmp_path, date(2025, 7, 3))
    assert listed(data, *words).stderr == ""
