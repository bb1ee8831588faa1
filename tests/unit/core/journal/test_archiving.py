"""Closed days go to another place and come back; none is ever in neither."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
from datetime import UTC, date, datetime

import pytest
from disk_killer import killed_everywhere

from nof0_core.domain.event import Alerted
from nof0_core.errors import JournalError, UsageError
from nof0_core.ids import TraderId
from nof0_core.journal import Anchor, Journal, StreamAnchor, archiving, packing, read, verify
from nof0_core.journal.archiving import archive
from nof0_core.journal.days import ClosedDays, read_days
from nof0_core.journal.packing import pack_all
from nof0_core.journal.places import streams

ALICE = TraderId("alice")
FIRST, SECOND = date(2025, 7, 1), date(2025, 7, 2)
PACKED = "alice/2025-07-01.jsonl.gz"
FILES = [f"{stream}/2025-07-01.jsonl.gz" for stream in ("@engine", "alice", "bob")]


def names(root):
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def moved(root, target, **options):
    return archive(root, {}, **({"before": SECOND, "target": target} | options))


@pytest.fixture
def target(tmp_path):
    return tmp_path / "far" / "away"


def test_closed_days_before_a_date_are_moved_compressed(kept, target):
    whole = {s: (kept / s / "2025-07-01.jsonl").read_bytes() for s in ("@engine", "alice", "bob")}
    found = moved(kept, target)
    assert [str(one.file.relative_to(target)) for one in found] == FILES
    assert names(target) == FILES
    assert [p for p in names(kept) if "07-01" in p] == []
    for name in FILES:
        stream = name.partition("/")[0]
        assert gzip.decompress((target / name).read_bytes()) == whole[stream]
        assert read_days(kept)[stream][FIRST].state == "archived"
    assert moved(kept, target) == []


def test_days_from_the_date_on_and_the_newest_of_a_stream_stay(kept, target):
    assert moved(kept, target, before=FIRST) == []
    assert len(moved(kept, target, before=date(2030, 1, 1))) == 3
    assert [p for p in names(kept) if "07-02" in p] == [
        "@engine/2025-07-02.jsonl",
        "alice/2025-07-02.jsonl",
        "bob/2025-07-02.jsonl",
    ]


def test_days_of_a_directory_elsewhere_are_moved_from_there(tmp_path, tell, target):
    root, elsewhere = tmp_path / "journal", {ALICE: tmp_path / "own"}
    with Journal.open(root, elsewhere=elsewhere) as journal:
        tell(journal)
    archive(root, elsewhere, before=SECOND, target=target)
    assert names(target) == FILES
    assert names(tmp_path / "own") == ["alice/2025-07-02.jsonl"]


def test_verify_checks_what_is_there_and_says_what_is_elsewhere(kept, target):
    moved(kept, target)
    report = verify(kept)
    assert report.ok, report.faults
    assert report.records == 4
    assert report.away == tuple(f"{kept / name} (archived)" for name in FILES)
    path = kept / "alice/2025-07-02.jsonl"
    path.write_bytes(path.read_bytes().replace(b"careful", b"careFul") + b"x")
    assert not verify(kept).ok


def test_an_anchor_in_an_archived_day_is_no_fault(kept, target):
    with Journal.open(kept) as journal:
        event = next(journal.read(after=3))
    digest = read_days(kept)["alice"][FIRST].hash
    assert event.seq == 4
    anchor = Anchor(last=(4, digest), streams={ALICE: StreamAnchor(seq=4, hash=digest, day=FIRST)})
    assert verify(kept, anchor=anchor).ok
    moved(kept, target)
    assert verify(kept, anchor=anchor).ok


def test_a_start_names_the_archived_days_and_goes_on_once_they_are_back(kept, target):
    moved(kept, target)
    with pytest.raises(JournalError, match=r"2025-07-01.jsonl.gz and 2 more: archived") as caught:
        Journal.open(kept)
    assert "put the files back" in caught.value.hints[0]
    assert "--data-dir NEW" in caught.value.hints[1]
    for name in FILES:
        shutil.copy(target / name, kept / name)
    assert [event.seq for event in read(kept, {})] == list(range(1, 9))
    assert verify(kept).away == ()
    with Journal.open(kept) as journal:
        assert journal.last_seq == 8
    assert {of[FIRST].state for of in read_days(kept).values()} == {"compressed"}
    assert verify(kept).ok


def test_an_archived_day_that_is_back_unpacked_is_a_day_like_any_other(kept, target):
    moved(kept, target)
    for name in FILES:
        content = gzip.decompress((target / name).read_bytes())
        (kept / name.removesuffix(".gz")).write_bytes(content)
    Journal.open(kept).close()
    assert {of[FIRST].state for of in read_days(kept).values()} == {"here"}
    assert verify(kept).ok


def test_an_archived_day_that_came_back_damaged_is_refused(kept, target):
    moved(kept, target)
    for name in FILES:
        shutil.copy(target / name, kept / name)
    content = bytearray((kept / PACKED).read_bytes())
    content[30] ^= 1
    (kept / PACKED).write_bytes(content)
    with pytest.raises(JournalError, match="alice/2025-07-01.jsonl.gz: day: .* is damaged"):
        Journal.open(kept)
    assert [fault.file for fault in verify(kept).faults] == [str(kept / PACKED)]


def test_readers_leave_archived_days_out(kept, target):
    moved(kept, target)
    assert [event.seq for event in read(kept, {})] == [5, 6, 7, 8]
    assert [event.seq for event in read(kept, {}, after=6)] == [7, 8]


def test_lost_days_json_and_archived_days_are_no_complete_journal(kept, target):
    moved(kept, target)
    (kept / "days.json").unlink()
    with pytest.raises(JournalError, match="does not follow the beginning"):
        Journal.open(kept)


@pytest.mark.parametrize("where", [".", "deep/er", "alice", "../own", "../link"])
def test_a_target_in_the_journal_is_refused(tmp_path, tell, where):
    root, elsewhere = tmp_path / "journal", {ALICE: tmp_path / "own"}
    with Journal.open(root, elsewhere=elsewhere) as journal:
        tell(journal)
    (tmp_path / "link").symlink_to(root)
    left = names(tmp_path)
    with pytest.raises(UsageError, match="is in the journal itself"):
        archive(root, elsewhere, before=SECOND, target=root / where)
    assert names(tmp_path) == left


def test_a_target_that_is_no_directory_is_refused(kept, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--to .*file"):
        moved(kept, tmp_path / "file")


def test_another_file_in_the_place_of_one_is_refused_and_nothing_is_moved(kept, target):
    (target / "bob").mkdir(parents=True)
    (target / "bob/2025-07-01.jsonl.gz").write_bytes(b"of another run")
    with pytest.raises(UsageError, match=r"bob/2025-07-01.jsonl.gz is there already and holds"):
        moved(kept, target)
    assert names(target) == ["bob/2025-07-01.jsonl.gz"]
    assert verify(kept).records == 8


@pytest.mark.parametrize("is_packed", [True, False])
@pytest.mark.parametrize("how", ["flipped", "cut", "missing"])
def test_a_damaged_day_is_refused_by_name_and_nothing_is_moved(kept, target, is_packed, how):
    if is_packed:
        pack_all(ClosedDays(kept, read_days(kept)), streams(kept, {}))
    path = kept / (PACKED if is_packed else PACKED.removesuffix(".gz"))
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif how == "cut":
        path.write_bytes(content[:-9])
    else:
        path.unlink()
    with pytest.raises(JournalError, match="alice/2025-07-01.jsonl.*: nothing was moved"):
        moved(kept, target)
    assert names(target) == []
    assert {e.state for of in read_days(kept).values() for e in of.values()} <= {
        "here",
        "compressed",
    }


def test_damaged_days_json_is_refused(kept, target):
    (kept / "days.json").write_bytes(b"rubbish")
    with pytest.raises(JournalError, match=r"days.json is damaged"):
        moved(kept, target)


def test_a_copy_that_differs_is_found_and_nothing_is_removed(kept, target, monkeypatch):
    real = archiving.read_at
    monkeypatch.setattr(archiving, "read_at", lambda *a: real(*a).replace(b"\x1f", b"\x1e"))
    with pytest.raises(JournalError, match="the copy differs"):
        moved(kept, target)
    assert names(target) == []
    assert verify(kept).records == 8


def test_a_full_disk_there_leaves_everything_here(kept, target, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(archiving, "begun", full)
    with pytest.raises(JournalError, match="the disk is full"):
        moved(kept, target)
    assert names(target) == []
    assert verify(kept).records == 8


def test_a_process_killed_at_any_step_of_moving_loses_nothing(kept):
    """Each day is here or there; it can be moved again, or put back."""
    before = list(read(kept, {}))

    def target_of(root):
        return root.with_name(f"{root.name}-away")

    def move(root):
        moved(root, target_of(root))

    count = 0
    for copy in killed_everywhere(kept, move, archiving, packing):
        target = target_of(copy)
        for name in FILES:
            held = [copy / name, copy / name.removesuffix(".gz"), target / name]
            assert any(path.exists() for path in held)
        assert verify(copy).ok
        move(copy)
        assert names(target) == FILES
        assert [name for name in names(copy) if "07-01" in name and "part" not in name] == []
        assert verify(copy).ok
        for name in FILES:
            shutil.copy(target / name, copy / name)
        with Journal.open(copy) as journal:
            journal.append(datetime(2025, 7, 3, tzinfo=UTC), ALICE, Alerted(code="t", message="m"))
        assert list(read(copy, {}))[:-1] == before
        assert verify(copy).ok
        count += 1
    assert count > 40
