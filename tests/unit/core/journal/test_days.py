"""A closed day that is not there any more, or not what it was, is named; nothing is cut off."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta

import anyio
import pytest

from nof0_core import disk
from nof0_core.domain.event import Alerted
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal, days, verify
from nof0_core.journal.days import read_days

ALICE, BOB = TraderId("alice"), TraderId("bob")
START = datetime(2025, 7, 3, 12, tzinfo=UTC)
ALERT = Alerted(code="test", message="careful")


def listed(root):
    found = read_days(root) or {}
    return {(s, str(d)): (e.first, e.last) for s, days in found.items() for d, e in days.items()}


def change(root, stream, day, **changes):
    """Write into days.json what another program would have."""
    closed = days.ClosedDays(root, read_days(root))
    entry = closed._days[stream][datetime.fromisoformat(day).date()]
    listed = {one: dict(of) for one, of in closed._days.items()}
    listed[stream][datetime.fromisoformat(day).date()] = days.attrs.evolve(entry, **changes)
    closed._write(listed)


def test_closed_days_are_noted_and_the_newest_of_a_stream_is_not(kept):
    assert listed(kept) == {
        ("@engine", "2025-07-01"): (1, 1),
        ("alice", "2025-07-01"): (2, 4),
        ("bob", "2025-07-01"): (3, 3),
    }
    entry = read_days(kept)["alice"][date(2025, 7, 1)]
    file = kept / "alice/2025-07-01.jsonl"
    assert entry.bytes == file.stat().st_size
    assert entry.hash == json.loads(file.read_bytes().splitlines()[-1])["hash"]
    assert entry.state == "here"


def test_a_start_notes_the_closed_days_that_lack_an_entry(kept):
    noted = listed(kept)
    (kept / "days.json").unlink()
    Journal.open(kept).close()
    assert listed(kept) == noted


def test_days_are_noted_in_the_directories_traders_have_of_their_own(tmp_path, tell):
    root, elsewhere = tmp_path / "journal", {ALICE: tmp_path / "far"}
    with Journal.open(root, elsewhere=elsewhere) as journal:
        tell(journal)
    assert ("alice", "2025-07-01") in listed(root)
    (tmp_path / "far/alice/2025-07-01.jsonl").unlink()
    named = "far/alice/2025-07-01.jsonl: day: the closed day 2025-07-01 of alice is missing"
    with pytest.raises(JournalError, match=named):
        Journal.open(root, elsewhere=elsewhere)


def test_nothing_is_noted_before_the_file_is_on_disk(root, monkeypatch):
    asked = []
    monkeypatch.setattr(disk, "sync_all", lambda paths: asked.append({p.name for p in paths}))
    journal = Journal.open(root)
    journal.append(START, ALICE, ALERT)
    journal.append(START + timedelta(days=1), ALICE, ALERT)
    journal.flush()
    assert listed(root) == {}
    journal.sync()
    assert "2025-07-03.jsonl" in asked[0]
    assert listed(root) == {("alice", "2025-07-03"): (1, 1)}
    journal.close()


def test_a_day_is_noted_beside_other_work(root):
    async def main():
        with Journal.open(root) as journal:
            for day in range(3):
                journal.append(START + timedelta(days=day), ALICE, ALERT)
                await journal.sync_beside()
            assert listed(root) == {
                ("alice", "2025-07-03"): (1, 1),
                ("alice", "2025-07-04"): (2, 2),
            }

    anyio.run(main)


def test_without_room_for_the_note_the_day_is_noted_later(root, monkeypatch):
    whole = days.replace_durably

    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    with Journal.open(root) as journal:
        journal.append(START, ALICE, ALERT)
        journal.append(START + timedelta(days=1), ALICE, ALERT)
        monkeypatch.setattr(days, "replace_durably", full)
        journal.sync()
        assert listed(root) == {}
        monkeypatch.setattr(days, "replace_durably", whole)
        journal.sync()
        assert listed(root) == {("alice", "2025-07-03"): (1, 1)}


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        pytest.param(lambda path: path.unlink(), "is missing", id="deleted"),
        pytest.param(lambda path: path.write_bytes(b""), "is empty", id="emptied"),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes()[:-40]), r"has \d+ bytes", id="cut"
        ),
    ],
)
def test_a_closed_day_that_is_not_whole_is_named_and_left_as_it_is(kept, damage, problem):
    path = kept / "bob/2025-07-01.jsonl"
    damage(path)
    left = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    with pytest.raises(JournalError, match=f"the closed day 2025-07-01 of bob {problem}") as caught:
        Journal.open(kept)
    assert str(path) in str(caught.value)
    assert any("--data-dir NEW" in hint for hint in caught.value.hints)
    assert any("copy" in hint for hint in caught.value.hints)
    assert {p.name: p.read_bytes() for p in path.parent.iterdir()} == left
    faults = [fault for fault in verify(kept).faults if fault.what == "day"]
    assert [fault.file for fault in faults] == [str(path)]


def test_a_stream_that_lost_its_open_day_is_still_held_to_the_closed_one(kept):
    (kept / "bob/2025-07-02.jsonl").unlink()
    path = kept / "bob/2025-07-01.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(JournalError, match="the closed day 2025-07-01 of bob has"):
        Journal.open(kept)
    assert not list(path.parent.glob("*.torn"))


def test_a_day_written_anew_with_the_same_size_is_named(kept, tmp_path, tell):
    other = tmp_path / "other"
    with Journal.open(other) as journal:
        tell(journal)
    text = (kept / "days.json").read_text()
    shutil.rmtree(kept)
    shutil.copytree(other, kept)
    found = json.loads(text)
    digest = found["days"]["bob"]["2025-07-01"]["hash"]
    change(kept, "bob", "2025-07-01", hash=digest[::-1])
    with pytest.raises(JournalError, match="the closed day 2025-07-01 of bob ends in another"):
        Journal.open(kept)
    assert "day" in [fault.what for fault in verify(kept).faults]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\x00" * 300, b'{"schema":1,"days":{}}'])
def test_a_damaged_note_is_set_aside_and_made_anew_from_what_is_there(kept, content):
    noted = listed(kept)
    (kept / "days.json").write_bytes(content)
    assert [fault.what for fault in verify(kept).faults] == ["day"]
    with Journal.open(kept) as journal:
        assert journal.set_aside.read_bytes() == content
    assert listed(kept) == noted
    assert verify(kept).ok


def test_every_changed_byte_of_the_note_is_noticed(kept):
    path = kept / "days.json"
    whole = path.read_bytes().rstrip()
    for place, byte in enumerate(whole):
        path.write_bytes(whole[:place] + bytes([byte ^ 1]) + whole[place + 1 :])
        with pytest.raises(JournalError, match="days.json is damaged"):
            read_days(kept)


@pytest.mark.parametrize("state", ["here", "compressed"])
def test_a_day_that_is_missing_is_a_loss_unless_it_is_archived(kept, state):
    change(kept, "bob", "2025-07-01", state=days.DayState(state))
    (kept / "bob/2025-07-01.jsonl").unlink()
    assert "is missing" in verify(kept).faults[0].message
    with pytest.raises(JournalError, match="the closed day 2025-07-01 of bob is missing"):
        Journal.open(kept)


def test_a_day_that_grows_after_all_is_closed_no_more(kept):
    (kept / "bob/2025-07-02.jsonl").unlink()
    with Journal.open(kept) as journal:
        journal.append(datetime(2025, 7, 1, 23, 30, tzinfo=UTC), BOB, ALERT)
        journal.append(START, ENGINE, ALERT)
    assert ("bob", "2025-07-01") not in listed(kept)
    Journal.open(kept).close()
    assert verify(kept).ok


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["before", "half a draft", "draft", "renamed"])
def test_a_process_killed_while_it_notes_a_day_leaves_the_old_or_the_new(kept, monkeypatch, step):
    whole = days.replace_durably

    def killed(path, content):
        draft = path.with_name(f".{path.name}.part")
        if step == "half a draft":
            draft.write_bytes(content[:50])
        elif step == "draft":
            draft.write_bytes(content)
        elif step == "renamed":
            whole(path, content)
        raise Killed

    journal = Journal.open(kept)
    monkeypatch.setattr(days, "replace_durably", killed)
    journal.append(START, ALICE, ALERT)
    with pytest.raises(Killed):
        journal.sync()
    monkeypatch.setattr(days, "replace_durably", whole)
    with Journal.open(kept) as again:
        assert again.last_seq == 9
        assert again.set_aside is None
    assert ("alice", "2025-07-02") in listed(kept)
    assert verify(kept).ok
