"""A journal of another format is refused with the ways out, by whoever reads it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nof0_core.domain.event import Alerted, Event
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE
from nof0_core.journal import Journal
from nof0_core.journal.formats import FORMAT, genesis
from nof0_core.journal.record import build
from nof0_core.journal.verify import verify
from nof0_core.testing import Project

NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)


def write(root, number, stream=ENGINE, seq=1):
    """Write one record as nof0 of that format would have."""
    event = Event(seq=seq, time=NOON, stream=stream, body=Alerted(code="c", message="m"))
    line, _ = build(event, prev=genesis(stream, number), wall=NOON)
    (root / stream).mkdir(parents=True)
    (root / stream / "2025-07-01.jsonl").write_bytes(line)


READERS = {
    "open": lambda root: Journal.open(root).close(),
    "read": lambda root: list(Journal.open(root).read()),
    "verify": verify,
}


def test_the_chain_begins_with_the_format_and_the_stream():
    assert FORMAT == 2
    # sha256sum of "nof0 journal 2 of @engine"
    assert genesis(ENGINE) == "d8b5c6e8e60b6c939bca0f8150263f4a38a149302534189bf2106ce5d5de06ed"


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("number", "whose"),
    [(1, "an earlier version"), (3, "a later version"), (42, "a later version")],
)
def test_another_format_is_refused_with_what_to_do(tmp_path, reader, number, whose):
    write(tmp_path, number)
    with pytest.raises(JournalError, match=f"the journal is of format {number}, ") as raised:
        reader(tmp_path)
    assert whose in raised.value.hints[0]
    assert "--data-dir" in raised.value.hints[1]


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_mixture_names_the_streams_of_each(tmp_path, reader):
    write(tmp_path, 1)
    write(tmp_path, 2, stream="ann", seq=2)
    with pytest.raises(JournalError, match=r"format 1: @engine, format 2: ann") as raised:
        reader(tmp_path)
    assert "a copy" in raised.value.hints[0]


def test_nothing_is_changed_by_a_refusal(tmp_path):
    write(tmp_path, 1)
    file = tmp_path / ENGINE / "2025-07-01.jsonl"
    # A torn end, which opening would cut off.
    file.write_bytes(file.read_bytes() + b'{"seq":2,')
    before = file.read_bytes()
    with pytest.raises(JournalError, match="format 1"):
        Journal.open(tmp_path)
    assert file.read_bytes() == before
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_a_beginning_of_no_format_is_damage(tmp_path):
    write(tmp_path, 2)
    file = tmp_path / ENGINE / "2025-07-01.jsonl"
    file.write_bytes(file.read_bytes().replace(genesis(ENGINE).encode(), b"0" * 64))
    with pytest.raises(JournalError, match="hash does not fit"):
        Journal.open(tmp_path)


@pytest.mark.integration
def test_the_command_says_it_without_a_traceback(tmp_path):
    project = Project(directory=tmp_path)
    project.nof0("init", ".").check()
    write(project.directory / "data" / "journal", 1)
    for words in (
        ("journal", "list", "data"),
        ("run", "etc/nof0.yaml", "--data-dir", "data", "--cycles", "1"),
    ):
        outcome = project.nof0(*words)
        assert outcome.exit_code == 1
        assert "error: the journal is of format 1, this nof0 writes and reads format 2" in (
            outcome.stderr
        )
        assert "--data-dir NEW" in outcome.stderr
        assert "Traceback" not in outcome.stderr
