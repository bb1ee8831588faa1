"""Whatever is changed in a journal is found, and the right record named."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_core.domain.event import EngineStopped
from nof0_core.ids import ENGINE
from nof0_core.journal import Anchor, Journal, verify
from nof0_core.journal.places import day_files


def what(report):
    return [fault.what for fault in report.faults]


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def test_untouched_journal_is_fine(story):
    report = verify(story)
    assert report.ok
    assert report.records == 8
    assert report.streams == ("@engine", "alice", "bob")
    assert report.lost == ()


def test_every_flipped_byte_is_found_and_its_line_named(story):
    """All bytes of all files, one bit each; the bit depends on the place, so all kinds occur."""
    flipped = 0
    for path in sorted(story.glob("*/*.jsonl")):
        whole = path.read_bytes()
        line = 1
        for place, byte in enumerate(whole):
            path.write_bytes(
                whole[:place] + bytes([byte ^ (1 << (place % 8))]) + whole[place + 1 :]
            )
            report = verify(story)
            assert not report.ok, f"{path}: byte {place}"
            first = report.faults[0]
            assert (first.file, first.line) == (str(path), line), f"{path}: byte {place}: {first}"
            flipped += 1
            line += byte == ord("\n")
        path.write_bytes(whole)
    assert flipped == sum(path.stat().st_size for path in story.glob("*/*.jsonl")) > 2500
    assert verify(story).ok


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_other_byte_anywhere_is_found(story, data):
    path = data.draw(st.sampled_from(sorted(story.glob("*/*.jsonl"))))
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[place]))
    try:
        path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
        report = verify(story)
        assert not report.ok
        number = whole[:place].count(b"\n") + 1
        assert (report.faults[0].file, report.faults[0].line) == (str(path), number)
    finally:
        path.write_bytes(whole)


def test_one_changed_byte_is_one_fault(story):
    path = story / "alice/2025-07-01.jsonl"
    path.write_bytes(path.read_bytes().replace(b"1000.50", b"9000.50"))
    (fault,) = [f for f in verify(story).faults if f.what != "missing"]
    assert (fault.what, fault.file, fault.line, fault.seq) == ("hash", str(path), 1, 2)
    assert str(fault).startswith(f"{path}:1: record 2: hash: ")


def test_machine_time_has_its_own_check(story):
    path = story / "bob/2025-07-01.jsonl"
    path.write_bytes(path.read_bytes().replace(b"03:04:05", b"03:04:06"))
    report = verify(story)
    assert [(fault.what, fault.seq) for fault in report.faults] == [("wall", 3)]


@pytest.mark.parametrize(
    ("name", "edit", "expected"),
    [
        pytest.param("alice/2025-07-01", lambda a, b: [b], ["prev", "missing"], id="first deleted"),
        pytest.param("alice/2025-07-01", lambda a, b: [a], ["prev", "missing"], id="last deleted"),
        pytest.param("@engine/2025-07-02", lambda a, b: [b], ["prev", "missing"], id="7 deleted"),
        pytest.param(
            "alice/2025-07-01", lambda a, b: [b, a], ["prev", "prev", "prev"], id="swapped"
        ),
        pytest.param("alice/2025-07-01", lambda a, b: [a, a, b], ["prev", "order"], id="twice"),
        pytest.param(
            "alice/2025-07-01", lambda a, b: [a, b"\n", b], ["unparsable"], id="empty line"
        ),
        pytest.param("alice/2025-07-01", lambda a, b: [a, b"{}\n", b], ["unparsable"], id="object"),
    ],
)
def test_lines_taken_away_added_or_moved_are_found(story, name, edit, expected):
    path = story / f"{name}.jsonl"
    path.write_bytes(b"".join(edit(*lines_of(path))))
    report = verify(story)
    assert what(report) == expected
    assert str(path.parent) in report.faults[0].file


def test_missing_day_in_the_middle_of_a_stream_is_found(story):
    (story / "alice/2025-07-01.jsonl").unlink()
    report = verify(story)
    assert what(report) == ["prev", "missing", "missing"]
    assert [fault.seq for fault in report.faults] == [6, 2, 4]
    assert report.faults[0].file.endswith("alice/2025-07-02.jsonl")


def test_missing_stream_is_found(story):
    shutil.rmtree(story / "alice")
    report = verify(story)
    assert [(fault.what, fault.seq) for fault in report.faults] == [
        ("missing", 2),
        ("missing", 4),
        ("missing", 6),
    ]


def test_renamed_stream_and_renamed_day_are_found(story):
    (story / "bob").rename(story / "bert")
    report = verify(story)
    assert what(report)[0] == "order"
    assert "belongs to the stream bob" in report.faults[0].message
    (story / "bert").rename(story / "bob")
    (story / "bob/2025-07-02.jsonl").rename(story / "bob/2025-07-03.jsonl")
    (fault,) = verify(story).faults
    assert (fault.what, fault.seq) == ("order", 5)
    assert "belongs into the file of 2025-07-02" in fault.message


def test_line_moved_to_the_next_day_is_found_though_the_chain_holds(story):
    first, second = story / "alice/2025-07-01.jsonl", story / "alice/2025-07-02.jsonl"
    lines = lines_of(first)
    first.write_bytes(lines[0])
    second.write_bytes(lines[1] + second.read_bytes())
    assert [(fault.what, fault.seq) for fault in verify(story).faults] == [("order", 4)]


def test_record_of_another_journal_does_not_fit_in(story, tmp_path, tell):
    other = tmp_path / "other"
    with Journal.open(other) as journal:
        tell(journal)
        tell(journal)
    foreign = lines_of(day_files(other / "alice")[0])[-1]
    path = story / "alice/2025-07-02.jsonl"
    path.write_bytes(path.read_bytes() + foreign)
    assert what(verify(story))[0] == "prev"


def test_end_that_was_cut_off_is_found_with_the_anchor_only(story):
    anchor = Anchor(last=verify(story).last)
    path = story / "@engine/2025-07-02.jsonl"
    path.write_bytes(lines_of(path)[0])
    assert verify(story).ok
    report = verify(story, anchor=anchor)
    assert [(fault.what, fault.seq) for fault in report.faults] == [("anchor", 8)]
    assert "cut off" in report.faults[0].message


def test_journal_written_anew_is_found_with_the_anchor(story, tmp_path, tell):
    anchor = Anchor(last=verify(story).last)
    other = tmp_path / "other"
    with Journal.open(other) as journal:
        journal.append(datetime(2025, 7, 1, tzinfo=UTC), ENGINE, EngineStopped(reason="changed"))
        tell(journal)
    assert verify(other).ok
    (fault,) = verify(other, anchor=anchor).faults
    assert (fault.what, fault.seq) == ("anchor", 8)
    assert "written anew" in fault.message


def test_anchor_holds_while_the_journal_grows(story):
    anchor = Anchor(last=verify(story).last)
    with Journal.open(story) as journal:
        journal.append(datetime(2025, 7, 3, tzinfo=UTC), ENGINE, EngineStopped(reason="later"))
    assert verify(story, anchor=anchor).ok
