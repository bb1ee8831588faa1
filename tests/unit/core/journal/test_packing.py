"""A closed day becomes a compressed one, and at no moment less than whole."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from disk_killer import killed_everywhere

from nof0_core.domain.event import Alerted
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, packing, read, verify
from nof0_core.journal.content import HEADER, PackedContent, damage
from nof0_core.journal.days import ClosedDays, read_days
from nof0_core.journal.packing import pack_all
from nof0_core.journal.places import streams

ALICE, BOB = TraderId("alice"), TraderId("bob")
FIRST = date(2025, 7, 1)
ALERT = Alerted(code="test", message="careful")
PLAIN, PACKED = "alice/2025-07-01.jsonl", "alice/2025-07-01.jsonl.gz"


def packed(root, **options):
    """Pack what is closed, as the engine does beside trading."""
    return pack_all(ClosedDays(root, read_days(root) or {}), streams(root, {}), **options)


def names(root):
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def seqs(root, **options):
    return [event.seq for event in read(root, {}, **options)]


def alert(journal, stream, *moment):
    journal.append(datetime(*moment, tzinfo=UTC), stream, ALERT)


@pytest.fixture
def small(kept):
    """A journal with packed days."""
    assert packed(kept).days == 3
    return kept


def test_closed_days_are_packed_and_the_newest_of_a_stream_are_not(kept):
    content = (kept / PLAIN).read_bytes()
    done = packed(kept)
    assert (done.days, done.unpackable, done.is_all) == (3, (), True)
    assert names(kept) == [
        "@engine/2025-07-01.jsonl.gz",
        "@engine/2025-07-02.jsonl",
        "alice/2025-07-01.jsonl.gz",
        "alice/2025-07-02.jsonl",
        "bob/2025-07-01.jsonl.gz",
        "bob/2025-07-02.jsonl",
        "days.json",
    ]
    assert gzip.decompress((kept / PACKED).read_bytes()) == content
    entry = read_days(kept)["alice"][FIRST]
    assert (entry.state, entry.bytes, entry.records) == ("compressed", len(content), 2)
    assert entry.packed_bytes == (kept / PACKED).stat().st_size
    assert packed(kept).days == 0


def test_a_packed_day_is_a_function_of_its_content(kept, tmp_path):
    shutil.copytree(kept, tmp_path / "other")
    os.utime(tmp_path / "other" / PLAIN, (1, 1))
    packed(kept)
    packed(tmp_path / "other")
    assert (kept / PACKED).read_bytes() == (tmp_path / "other" / PACKED).read_bytes()
    assert (kept / PACKED).read_bytes().startswith(HEADER)


def test_packed_days_are_read_as_before(kept):
    before = list(read(kept, {}))
    packed(kept)
    assert list(read(kept, {})) == before
    for after in range(10):
        assert seqs(kept, after=after) == list(range(after + 1, 9))
    assert seqs(kept, streams={BOB}) == [3, 5]


def test_a_start_goes_on_with_packed_days(small):
    with Journal.open(small) as journal:
        assert (journal.last_seq, journal.gaps, journal.recovered) == (8, (), ())
        alert(journal, ALICE, 2025, 7, 2, 5)
    assert verify(small).ok
    assert verify(small).records == 9


def test_days_of_a_directory_elsewhere_are_packed_there(tmp_path, tell):
    root, elsewhere = tmp_path / "journal", {ALICE: tmp_path / "far"}
    with Journal.open(root, elsewhere=elsewhere) as journal:
        tell(journal)
        journal.sync()
        assert pack_all(journal.days, journal.directories).days == 3
    assert (tmp_path / "far" / PACKED).exists()
    assert not (tmp_path / "far" / PLAIN).exists()
    with Journal.open(root, elsewhere=elsewhere) as journal:
        assert journal.last_seq == 8


def test_every_changed_byte_of_a_packed_day_is_found_and_refused(small):
    path = small / PACKED
    whole = path.read_bytes()
    for place in range(len(whole)):
        spoiled = bytearray(whole)
        spoiled[place] ^= 1 << place % 8
        path.write_bytes(spoiled)
        (fault,) = verify(small).faults
        assert (fault.what, fault.file) == ("day", str(path))
        assert "put the file back from a copy" in fault.message
    with pytest.raises(JournalError, match="2025-07-01.jsonl.gz: day: the closed day") as caught:
        Journal.open(small)
    assert any("--data-dir NEW" in hint for hint in caught.value.hints)


def test_without_days_json_what_a_changed_byte_means_is_found(small):
    (small / "days.json").unlink()
    path = small / PACKED
    whole, content = path.read_bytes(), gzip.decompress(path.read_bytes())
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        assert damage(path), place
    path.write_bytes(whole)
    assert PackedContent(path).read() == content


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        pytest.param(lambda p: p.write_bytes(p.read_bytes()[:-1]), r"has \d+ bytes", id="cut"),
        pytest.param(lambda p: p.write_bytes(b""), "is empty", id="emptied"),
        pytest.param(lambda p: p.unlink(), "is missing", id="deleted"),
        pytest.param(
            lambda p: shutil.copy(p.parents[1] / "bob" / p.name, p), r"has \d+ bytes", id="foreign"
        ),
    ],
)
def test_a_packed_day_that_is_not_whole_is_named_without_unpacking(
    small, monkeypatch, spoil, problem
):
    spoil(small / PACKED)
    left = names(small)
    faults = verify(small).faults
    assert [fault.what for fault in faults][:1] == ["day"]
    monkeypatch.setattr(packing, "PackedContent", None)
    with pytest.raises(JournalError, match=f"closed day 2025-07-01 of alice {problem}"):
        Journal.open(small)
    assert names(small) == left


@pytest.mark.parametrize("size", [0, 5, 10, 40, -9, -1])
def test_a_reader_says_which_packed_day_is_cut(small, size):
    path = small / PACKED
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(JournalError, match="2025-07-01.jsonl.gz: it is cut off"):
        seqs(small)


def test_a_day_in_the_place_of_another_one_of_the_same_size_is_named(small):
    path = small / PACKED
    days = ClosedDays(small, read_days(small))
    shutil.copy(small / "bob/2025-07-01.jsonl.gz", path)
    entry = days.of(ALICE)[FIRST].compressed(path.stat().st_size, "0" * 64)
    days.change([(ALICE, FIRST, entry)])
    with pytest.raises(JournalError, match="it is not the file that was packed"):
        Journal.open(small)


def test_damaged_days_json_is_made_anew_with_packed_days(small):
    noted = read_days(small)
    (small / "days.json").write_bytes(b"rubbish")
    with Journal.open(small) as journal:
        assert journal.set_aside is not None
    assert read_days(small) == noted
    assert verify(small).ok


def test_a_damaged_plain_day_is_left_and_named_once_and_others_are_packed(kept):
    path = kept / PLAIN
    path.write_bytes(path.read_bytes().replace("größer".encode(), b"kleine" + b"rr"))
    left = path.read_bytes()
    done = packed(kept)
    assert done.days == 2
    (fault,) = done.unpackable
    assert fault.file == path
    assert "alice/2025-07-01.jsonl:2: record 4: hash" in fault.reason
    assert path.read_bytes() == left
    assert [n for n in names(kept) if "part" in n or n == PACKED] == []
    assert [fault.what for fault in verify(kept).faults] == ["hash", "missing"]


def test_a_day_that_is_whole_but_not_what_was_closed_is_left(kept):
    path = kept / PLAIN
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    (fault,) = packed(kept).unpackable
    assert fault.file == path
    assert "does not hold what it did" in fault.reason


@pytest.mark.parametrize("room", [0, 100, 300])
def test_a_full_disk_leaves_it_for_another_time(kept, monkeypatch, room):
    left = names(kept)
    sync = packing.sync_path

    def full(path):
        if path.name.endswith(".part") and path.stat().st_size > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        sync(path)

    monkeypatch.setattr(packing, "sync_path", full)
    done = packed(kept)
    assert (done.days, done.unpackable, done.is_all) == (0, (), False)
    assert names(kept) == left
    assert verify(kept).ok
    monkeypatch.setattr(packing, "sync_path", sync)
    assert packed(kept).days == 3


def test_room_that_trading_may_need_is_not_used_up(kept, monkeypatch):
    changed = {"statvfs": lambda _: SimpleNamespace(f_bavail=packing.RESERVE, f_frsize=1)}
    monkeypatch.setattr(packing, "os", SimpleNamespace(**(vars(os) | changed)))
    done = packed(kept)
    assert (done.days, done.unpackable, done.is_all) == (0, (), False)


def test_without_room_for_the_note_the_plain_files_stay(kept, monkeypatch):
    left = names(kept)

    def full(self, days):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(ClosedDays, "_write", full)
        done = packed(kept)
    assert (done.days, done.is_all) == (0, False)
    assert names(kept) == left
    assert packed(kept).days == 3


def test_packing_that_is_broken_off_leaves_whole_days(kept):
    asked = iter([False] * 4)
    done = packed(kept, is_over=lambda: next(asked, True))
    assert not done.is_all
    assert done.days < 3
    assert not [n for n in names(kept) if "part" in n]
    assert verify(kept).ok
    assert packed(kept).days == 3 - done.days


def goes_on(copy, before):
    assert list(read(copy, {})) == before
    report = verify(copy)
    assert report.ok, report.faults
    with Journal.open(copy) as journal:
        assert (journal.last_seq, journal.gaps) == (before[-1].seq, ())
        alert(journal, ALICE, 2025, 7, 3, 1)
        journal.sync()
        pack_all(journal.days, journal.directories)
    assert not [n for n in names(copy) if "part" in n]
    assert all(
        entry.state == ("compressed" if (copy / s / f"{day}.jsonl.gz").exists() else "here")
        for s, of in read_days(copy).items()
        for day, entry in of.items()
    )
    assert [e.seq for e in read(copy, {})] == [e.seq for e in before] + [before[-1].seq + 1]
    assert verify(copy).ok


def test_a_process_killed_at_any_step_of_packing_leaves_a_journal_that_goes_on(kept):
    before = list(read(kept, {}))
    count = 0
    for copy in killed_everywhere(kept, packed, packing):
        goes_on(copy, before)
        count += 1
    assert count > 20


def test_a_process_killed_at_any_step_of_a_start_that_unpacks_leaves_one_that_goes_on(small):
    """The later day of bob is lost, so the packed one is the newest and has to grow."""
    (small / "bob/2025-07-02.jsonl").unlink()
    count = 0
    for copy in killed_everywhere(small, Journal.open, packing):
        assert [e.seq for e in read(copy, {}) if e.stream == BOB] == [3]
        with Journal.open(copy) as journal:
            alert(journal, BOB, 2025, 7, 1, 23, 40)
        assert verify(copy).ok
        assert names(copy / "bob") == ["2025-07-01.jsonl"]
        count += 1
    assert count > 10


def test_a_packed_day_that_has_to_grow_again_is_unpacked(small):
    (small / "bob/2025-07-02.jsonl").unlink()
    with Journal.open(small) as journal:
        alert(journal, BOB, 2025, 7, 1, 23, 30)
        journal.sync()
        assert (FIRST in journal.days.of(BOB), (small / "bob").exists()) == (False, True)
        assert pack_all(journal.days, journal.directories).days == 0
        alert(journal, BOB, 2025, 7, 2, 0)
        journal.sync()
        assert pack_all(journal.days, journal.directories).days == 1
    assert names(small / "bob") == ["2025-07-01.jsonl.gz", "2025-07-02.jsonl"]
    assert read_days(small)["bob"][FIRST].records == 2
    assert verify(small).ok


def test_a_clock_set_back_behind_a_later_file_that_is_empty_lets_the_day_grow(kept):
    """All that the later file had was torn: the day before is the newest that may grow."""
    later = kept / "bob/2025-07-02.jsonl"
    later.write_bytes(later.read_bytes()[:50])
    with Journal.open(kept) as journal:
        assert later.stat().st_size == 0
        assert pack_all(journal.days, journal.directories).days == 2
        alert(journal, BOB, 2025, 7, 1, 23, 30)
        journal.sync()
        assert pack_all(journal.days, journal.directories).days == 0
    assert verify(kept).ok
    assert names(kept / "bob") == [
        "2025-07-01.jsonl",
        "2025-07-02.jsonl",
        "2025-07-02.jsonl.torn",
    ]


def test_a_disk_that_spoils_the_copy_is_no_damage_of_the_day(kept, monkeypatch):
    def spoiled(path):
        path.write_bytes(path.read_bytes()[:-2])

    with monkeypatch.context() as patched:
        patched.setattr(packing, "sync_path", spoiled)
        done = packed(kept)
    assert {one.is_damaged for one in done.unpackable} == {False}
    assert "the copy is not what was written" in done.unpackable[0].reason
    assert verify(kept).ok


def test_without_room_to_unpack_a_start_says_so_and_changes_nothing(small, monkeypatch):
    (small / "bob/2025-07-02.jsonl").unlink()
    left = names(small)

    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(packing, "begun", full)
        with pytest.raises(JournalError, match="bob/.*the disk is full: make room"):
            Journal.open(small)
    assert names(small) == left
    Journal.open(small).close()


def test_a_clock_set_back_over_the_end_of_a_day_that_is_being_packed_changes_nothing(kept):
    """The day stays closed: records with its date go to the newest file."""
    with Journal.open(kept) as journal:
        told = []

        def set_back():
            if not told:
                told.append(True)
                alert(journal, ALICE, 2025, 7, 1, 23, 50)
                journal.sync()
            return False

        done = pack_all(journal.days, journal.directories, is_over=set_back)
        assert (done.days, done.unpackable, told) == (3, (), [True])
    assert verify(kept).ok
    assert (kept / PACKED).exists()
    assert seqs(kept)[-1] == 9


def test_a_day_closed_a_second_time_stays_packed(small):
    with Journal.open(small) as journal:
        entry = journal.days.of(ALICE)[FIRST]
        assert journal.days.put([(ALICE, FIRST, entry.here())])
        assert journal.days.of(ALICE)[FIRST].state == "compressed"


def test_two_files_of_the_same_records_are_one_day(small):
    (small / PLAIN).write_bytes(gzip.decompress((small / PACKED).read_bytes()))
    assert seqs(small) == list(range(1, 9))
    assert verify(small).ok
    Journal.open(small).close()
    assert not (small / PACKED).exists()
    assert read_days(small)["alice"][FIRST].state == "here"
    assert packed(small).days == 1


@pytest.mark.parametrize("is_noted", [True, False])
def test_two_files_of_different_records_are_refused_and_both_stay(small, is_noted):
    content = gzip.decompress((small / PACKED).read_bytes())
    (small / PLAIN).write_bytes(content.splitlines(keepends=True)[0])
    if not is_noted:
        (small / "days.json").unlink()
    left = names(small)
    assert "day" in [fault.what for fault in verify(small).faults]
    with pytest.raises(JournalError, match="alice/2025-07-01.jsonl: day") as caught:
        Journal.open(small)
    assert is_noted or "2025-07-01.jsonl.gz is there as well" in str(caught.value)
    assert names(small) == left


def test_a_day_put_back_plain_is_noted_as_here(small):
    content = gzip.decompress((small / PACKED).read_bytes())
    (small / PACKED).unlink()
    (small / PLAIN).write_bytes(content)
    assert verify(small).ok
    Journal.open(small).close()
    assert read_days(small)["alice"][FIRST].state == "here"


def test_a_line_without_end_in_a_packed_day_is_damage_and_never_cut_off(small):
    (small / "bob/2025-07-02.jsonl").unlink()
    (small / "days.json").unlink()
    path = small / "bob/2025-07-01.jsonl.gz"
    content = gzip.decompress(path.read_bytes())
    torn = HEADER + gzip.compress(content[:-1], 6, mtime=0)[10:]
    path.write_bytes(torn)
    with pytest.raises(JournalError, match="unparsable"):
        Journal.open(small)
    assert path.read_bytes() == torn


def test_many_days_are_noted_batch_by_batch(root, monkeypatch):
    monkeypatch.setattr(packing, "BATCH", 3)
    with Journal.open(root) as journal:
        for day in range(8):
            journal.append(datetime(2025, 7, 1, tzinfo=UTC) + timedelta(days=day), ENGINE, ALERT)
        journal.sync()
        assert pack_all(journal.days, journal.directories).days == 7
        assert journal.days.are_all_packed
    assert verify(root).ok
