"""However a data directory is damaged, a start is right or refused by name with the ways out.

Everything that was on disk when an order left, or when the state file was written, must be there
after a start that is not refused; only the last records, which the disk was never asked for, may be
lost. `NOF0_DAMAGE=all` tries every damage to every file, and cuts at every byte.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from types import SimpleNamespace

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.event import Alerted, EngineStarted, Filled, Transferred
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import Side
from nof0_core.domain.view import View
from nof0_core.domain.vocabulary import ClockKind, TransferReason
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Bookmark, verify
from nof0_core.journal.archiving import archive
from nof0_core.journal.days import ClosedDays, read_days
from nof0_core.journal.packing import pack_all
from nof0_core.journal.places import streams
from nof0_core.runtime.checkpointing import Checkpointing
from nof0_core.runtime.past import open_journal, open_past, rebuild
from nof0_core.runtime.state_file import StateFile
from nof0_core.state import checkpoint
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

ALL = os.environ.get("NOF0_DAMAGE") == "all"
SAMPLE = 200
"""Cases of an ordinary run."""
START = datetime(2025, 7, 1, 20, tzinfo=UTC)
STREAMS = (TraderId("ann"), TraderId("bob"))
SAFE, ALL_RECORDS = 17, 20
"""Up to which number everything was synced, and how many records there are."""
MARKS = (8, 17)
"""The records after which checkpoints were made."""


def configuration(folder):
    traders = [SimpleNamespace(id=s, journal_dir=None) for s in STREAMS]
    traders[1].journal_dir = folder / "far"
    return SimpleNamespace(
        traders=traders, state_dir=folder, state_file=folder / "manager_state.json"
    )


def fill(number, time):
    return Fill(
        trade_id=str(number), venue_order_id=str(number), client_id=None, symbol="BTC",
        side=Side.BUY, price=D(100), size=D(1), fee=D(0), time=time,
    )  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A data directory as a killed process leaves it: three streams, three days, a tail at risk."""
    folder = tmp_path_factory.mktemp("recorded") / "data"
    config, clock = configuration(folder), SimulatedClock(START)
    journal = open_journal(config, Lines())
    recorder = Recorder(
        events=journal, durability=Durability.BUFFER, state=EngineState(), clock=clock, log=Lines()
    )
    recorder.record(
        ENGINE,
        EngineStarted(
            version="0", config_digest="", clock=ClockKind.SYSTEM, seed=0, traders=STREAMS
        ),
    )
    for stream in STREAMS:
        amounts = {stream: D(1000)}
        body = Transferred(
            venue_account="paper",
            amounts=amounts,
            equities=dict.fromkeys(amounts, D(0)),
            reason=TransferReason.INITIAL,
        )
        recorder.record(stream, body)
    checkpoints = Checkpointing(
        journal=journal,
        recorder=recorder,
        directory=folder / "made",
        engine="e",
        config_digest="",
        log=Lines(),
    )
    for hour in range(14):
        clock._now = START + timedelta(hours=4 * hour)
        stream = (*STREAMS, ENGINE)[hour % 3]
        if stream == ENGINE:
            recorder.record(ENGINE, Alerted(code="test", message="careful"))
        else:
            body = Filled(trader=stream, venue_account="paper", fill=fill(hour, clock.now()))
            recorder.record(stream, body)
        journal.sync()
        if journal.last_seq in MARKS:
            checkpoints.put()
    StateFile(config.state_file).write(
        View(seq=0, time=clock.now(), traders=(), quotes={}), recorder.state, journal.safe
    )
    assert journal.last_seq == SAFE
    for stream in (*STREAMS, ENGINE):
        recorder.record(stream, Alerted(code="test", message="nobody asked the disk for this"))
    journal.flush()
    assert journal.last_seq == ALL_RECORDS
    return folder


def day_files(folder):
    return sorted(
        p.relative_to(folder)
        for p in folder.rglob("*.jsonl")
        if "bob" not in p.parts or "far" in p.parts
    )


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def drop(path, rng):
    whole = lines(path)
    del whole[rng.randrange(len(whole))]
    path.write_bytes(b"".join(whole))


def double(path, rng):
    whole = lines(path)
    place = rng.randrange(len(whole))
    path.write_bytes(b"".join((*whole[:place], whole[place], *whole[place:])))


def flip(path, rng):
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(content))


def cut(path, rng):
    os.truncate(path, rng.randrange(path.stat().st_size))


def swap(path, rng, others):
    other = rng.choice([o for o in others if o != path])
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def swap_days(path, rng):
    swap(path, rng, sorted(path.parent.glob("*.jsonl*")))


def swap_streams(path, rng):
    root = path.parents[2]
    same_day = sorted(root.rglob(f"{path.name[:10]}.jsonl*"))
    swap(path, rng, [p for p in same_day if not p.parent.is_symlink()])


def foreign(path, rng):
    content = rng.choice((b"", b"rubbish", b"rubbish\n", path.read_bytes()))
    name = rng.choice(("2025-06-30.jsonl", "2025-07-09.jsonl", "notes.txt"))
    path.with_name(name).write_bytes(content)


DAMAGE = {
    "deleted": lambda path, _: path.unlink(),
    "emptied": lambda path, _: path.write_bytes(b""),
    "cut": cut,
    "bit flipped": flip,
    "line doubled": double,
    "line dropped": drop,
    "days swapped": swap_days,
    "streams swapped": swap_streams,
    "foreign file": foreign,
}
NOTES = ("journal/days.json", "manager_state.json")
ON_NOTES = ("deleted", "emptied", "cut", "bit flipped", "stale")


def cases():
    """Every kind of damage, to every file, with some seeds each."""
    found = [
        (kind, name, seed, is_packed)
        for kind in DAMAGE
        for name in FILES
        for seed in range(200 if ALL and kind in {"cut", "bit flipped"} else 8)
        for is_packed in (False, True)
    ]
    found += [
        (kind, name, seed, is_packed)
        for kind in ON_NOTES
        for name in NOTES
        for seed in range(20)
        for is_packed in (False, True)
    ]
    return found if ALL else random.Random(1).sample(found, SAMPLE)


FILES = [
    f"{place}/2025-07-0{day}.jsonl"
    for place in ("journal/@engine", "journal/ann", "far/bob")
    for day in (1, 2, 3, 4)
]


def lives(folder):
    """Start on a directory; return the records that are there, by number."""
    config = configuration(folder)
    with open_journal(config, Lines()) as journal:
        state = EngineState()
        rebuild(state, journal)
        return {e.seq: e for e in journal.read()}, state


def test_the_recording_is_as_the_cases_take_it(recorded):
    assert {str(p) for p in day_files(recorded)} <= set(FILES)
    assert len(day_files(recorded)) > 8


@pytest.fixture
def folder(recorded, tmp_path):
    target = tmp_path / "data"
    shutil.copytree(recorded, target, symlinks=True)
    link = target / "journal" / "bob"
    link.unlink()
    link.symlink_to(target / "far" / "bob", target_is_directory=True)
    return target


@pytest.fixture(scope="module")
def truth(recorded, tmp_path_factory):
    target = tmp_path_factory.mktemp("truth") / "data"
    shutil.copytree(recorded, target, symlinks=True)
    link = target / "journal" / "bob"
    link.unlink()
    link.symlink_to(target / "far" / "bob", target_is_directory=True)
    return lives(target)


def prepared(folder, name, is_packed):
    """Compress the closed days if that is wanted; return the file that is to be damaged."""
    if is_packed:
        root = folder / "journal"
        days = ClosedDays(root, read_days(root))
        assert pack_all(days, streams(root, {STREAMS[1]: folder / "far"})).days > 4
    path = folder / name
    return path if path.exists() else path.with_name(f"{path.name}.gz")


@pytest.mark.parametrize(("kind", "name", "seed", "is_packed"), cases())
def test_a_start_is_right_or_refused_by_name(folder, truth, kind, name, seed, is_packed):
    path, rng = prepared(folder, name, is_packed), random.Random(f"{kind} {name} {seed}")
    if not path.exists():
        return
    if kind == "stale":
        older = {"journal/days.json": b"", "manager_state.json": b"{}"}[name]
        path.write_bytes(older)
    else:
        DAMAGE[kind](path, rng)
    found_by_verify = not verify(
        folder / "journal",
        {STREAMS[1]: folder / "far"},
        anchor=StateFile(folder / "manager_state.json").anchor(),
    ).ok
    refusal = None
    try:
        events, state = lives(folder)
    except JournalError as error:
        refusal = error
    if refusal is not None:
        assert any("copy" in hint or "put" in hint for hint in refusal.hints), refusal.hints
        assert any("--data-dir NEW" in hint for hint in refusal.hints), refusal.hints
        assert ".json" in str(refusal)
        assert found_by_verify
        return
    before, right = truth
    kept = {seq: event for seq, event in events.items() if seq <= ALL_RECORDS}
    assert kept.items() <= before.items()
    assert set(range(1, SAFE + 1)) <= set(kept), "what was safe is lost, and nobody said so"
    assert state.positions("paper") == right.positions("paper")
    assert state.totals("paper") == right.totals("paper")
    assert verify(folder / "journal", {STREAMS[1]: folder / "far"}).ok


def with_checkpoints(folder, *marks):
    (folder / "checkpoints").mkdir()
    for mark in marks:
        shutil.copy(folder / "made" / f"{mark}.ckpt", folder / "checkpoints")
    return folder / "checkpoints"


def starts(folder):
    """Start with what checkpoints there are; return the events read, the state and the warnings."""
    log = Lines()
    past = open_past(configuration(folder), log)
    with past.journal:
        return past.journal, past.state, [line for line in log.lines if "checkpoint" in str(line)]


def same(state, right):
    dumps = [{each.name: each.dump() for each in one.projections} for one in (state, right)]
    return dumps[0] == dumps[1]


@pytest.mark.parametrize("marks", [(8,), (17,), MARKS], ids=["old", "new", "both"])
@pytest.mark.parametrize(("kind", "name", "seed", "is_packed"), cases()[:: 1 if ALL else 3])
def test_a_start_from_a_checkpoint_is_right_or_refused_by_name(
    folder, truth, kind, name, seed, is_packed, marks
):
    path, rng = prepared(folder, name, is_packed), random.Random(f"{kind} {name} {seed}")
    if not path.exists():
        return
    with_checkpoints(folder, *marks)
    if kind == "stale":
        path.write_bytes({"journal/days.json": b"", "manager_state.json": b"{}"}[name])
    else:
        DAMAGE[kind](path, rng)
    refusal = None
    try:
        journal, state, _ = starts(folder)
    except JournalError as error:
        refusal = error
    if refusal is not None:
        assert any("copy" in hint or "put" in hint for hint in refusal.hints), refusal.hints
        assert ".json" in str(refusal)
        return
    assert journal.last_seq >= SAFE, "what was safe is lost, and nobody said so"
    _, right = truth
    assert state.positions("paper") == right.positions("paper")
    assert state.totals("paper") == right.totals("paper")


@pytest.mark.parametrize("marks", [(8,), (17,), MARKS], ids=["old", "new", "both"])
def test_a_start_from_a_checkpoint_knows_what_a_whole_reading_does(folder, truth, marks):
    with_checkpoints(folder, *marks)
    journal, state, warnings = starts(folder)
    assert same(state, truth[1])
    assert journal.last_seq == ALL_RECORDS
    assert warnings == []
    assert verify(folder / "journal", {STREAMS[1]: folder / "far"}).ok


def damaged(kind, path):
    content = path.read_bytes()
    if kind == "torn":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "version":
        path.write_bytes(
            content.replace(b'"name":"ledger","version":1', b'"name":"ledger","version":9')
        )
    elif kind == "hash":
        line, _, rest = content.partition(b"\n")
        head = json.loads(line)
        path.write_bytes(json.dumps(head | {"hash": "0" * 64}).encode() + b"\n" + rest)
    elif kind == "empty":
        path.write_bytes(b"")


@pytest.mark.parametrize("kind", ["torn", "version", "hash", "empty"])
@pytest.mark.parametrize("count", [1, 2], ids=["the newest", "both"])
def test_a_checkpoint_that_cannot_be_used_is_told_and_another_way_taken(folder, truth, kind, count):
    directory = with_checkpoints(folder, *MARKS)
    for mark in MARKS[2 - count :]:
        damaged(kind, directory / f"{mark}.ckpt")
    _, state, warnings = starts(folder)
    assert same(state, truth[1])
    assert len(warnings) == count
    assert f"{MARKS[-1]}.ckpt" in str(warnings[0])


def test_a_checkpoint_of_another_journal_is_told(folder, truth, tmp_path):
    """One whose records stand in the same places with other hashes."""
    directory = with_checkpoints(folder, 8)
    path = directory / "8.ckpt"
    kept = checkpoint.read(path)
    mark = Bookmark.load(kept.parts[-1].data)
    other = "f" * 64
    streams = {name: attrs.evolve(each, hash=other) for name, each in mark.streams.items()}
    foreign = attrs.evolve(mark, hash=other, streams=streams)
    part = attrs.evolve(kept.parts[-1], data=foreign.dump())
    checkpoint.write(directory, attrs.evolve(kept, hash=other, parts=(*kept.parts[:-1], part)))
    _, state, warnings = starts(folder)
    assert same(state, truth[1])
    assert "is another one there" in str(warnings[0])


def test_checkpoints_without_a_journal_are_refused(folder):
    with_checkpoints(folder, *MARKS)
    shutil.rmtree(folder / "journal")
    shutil.rmtree(folder / "far")
    (folder / "manager_state.json").unlink()
    with pytest.raises(JournalError, match="was safe on disk when the newest checkpoint") as caught:
        starts(folder)
    assert any("take checkpoints/ away" in hint for hint in caught.value.hints)
    assert not list((folder / "journal").rglob("*.jsonl"))


@pytest.mark.parametrize("mark", MARKS)
def test_a_day_that_was_archived_before_a_checkpoint_is_not_missed(folder, truth, mark):
    """Without one, or with an older one, it is."""
    with_checkpoints(folder, mark)
    listed = json.loads((folder / "journal" / "days.json").read_bytes())["days"]["ann"]
    day = max(day for day, entry in listed.items() if entry["last"] <= MARKS[1])
    needed = any(
        entry["last"] > mark
        for days in json.loads((folder / "journal" / "days.json").read_bytes())["days"].values()
        for each, entry in days.items()
        if each <= day
    )
    archive(
        folder / "journal",
        {STREAMS[1]: folder / "far"},
        before=date.fromisoformat(day) + timedelta(days=1),
        target=folder / "shelf",
    )
    if needed:
        with pytest.raises(JournalError, match="archived"):
            starts(folder)
        return
    _, state, warnings = starts(folder)
    assert same(state, truth[1])
    assert warnings == []
