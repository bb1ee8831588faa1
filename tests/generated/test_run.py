"""A generated data directory is one that a real engine leaves: whole, true and always the same.

`NOF0_SPAN=day` (week, month, year) makes one of 20 traders and so long; without it a few hours of
three.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from datetime import timedelta

import anyio
import pytest

from generated.project import DATA, EVERY, SPANS, START
from generated.run import generate, opened, stop_at
from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import CycleEnded
from nof0_core.domain.model import Usage, digest_of, usage_of

pytestmark = pytest.mark.slow

SPAN = os.environ.get("NOF0_SPAN", "")
SIZE = (
    {"traders": 20, "span": SPANS[SPAN]}
    if SPAN
    # More trades than usual: a short run is to have all kinds of records.
    else {"traders": 3, "span": timedelta(hours=2), "entries": 0.2}
)
WALL = re.compile(rb',"wall":\{[^}]*\}\}$')
KINDS = {
    "engine_started", "transferred", "market", "cycle", "decided", "order_intended",
    "order_answered", "filled", "exit_plan", "funding", "hour", "engine_stopped",
}  # fmt: skip


def lines(folder):
    """Yield the lines of a journal without what the machine's clock says, file by file."""
    root = folder / DATA / "journal"
    for path in sorted(root.rglob("*.jsonl")):
        yield path.relative_to(root)
        with path.open("rb") as found:
            for line in found:
                yield WALL.sub(b"}", line.rstrip())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("generated") / "run"
    generate(made, **SIZE)
    return made


@pytest.fixture(scope="module")
def numbered(folder):
    """What each record is, and its time, by its number."""
    found = {}
    for line in lines(folder):
        if isinstance(line, bytes):
            record = json.loads(line)
            found[record["seq"]] = (record["type"], record["time"])
    return found


def test_it_has_every_kind_of_record_and_no_gap(numbered):
    assert sorted(numbered) == list(range(1, len(numbered) + 1))
    kinds = Counter(kind for kind, _ in numbered.values())
    assert set(kinds) >= KINDS
    cycles = SIZE["traders"] * (SIZE["span"] / EVERY)
    # A trader whose endpoint is away sits out some.
    assert cycles * 0.9 < kinds["cycle"] <= cycles + SIZE["traders"]
    times = [numbered[seq][1] for seq in sorted(numbered)]
    assert times == sorted(times)


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(folder, tmp_path):
    generate(tmp_path / "again", **SIZE)
    assert all(
        one == other for one, other in zip(lines(folder), lines(tmp_path / "again"), strict=True)
    )
    short = SIZE | {"span": timedelta(minutes=30)}
    generate(tmp_path / "other", **short, seed=8)
    generate(tmp_path / "same", **short)
    assert list(lines(tmp_path / "other")) != list(lines(tmp_path / "same"))


def test_cycles_are_as_those_of_a_model_that_reads_and_pays(folder):
    async def look():
        async with opened(folder) as engine:
            found = engine.journal.read(types=["cycle", "decided", "market"])
            return list(map(CycleJoiner().joined, found))

    asked, seen = 0, set()
    for event in anyio.run(look)[:2000]:
        body = event.body
        if body.type == "market":
            seen.add(body.digest)
            continue
        if isinstance(body, CycleEnded) and body.decided is not None:
            continue
        asked += 1
        system, user = body.messages
        assert body.market in seen
        assert 4_000 < len(system.content) < 7_000
        assert 7_000 < len(user.content) < 15_000
        assert body.prompt_digest == digest_of(body.messages)
        assert body.usage == usage_of(body.calls)
        assert body.usage != Usage() or body.error
    assert asked > 50


def test_an_engine_goes_on_from_there_with_books_that_add_up_and_stops_that_stand(folder):
    end = START + SIZE["span"]

    async def look():
        async with opened(folder) as engine:
            state = engine.recorder.state
            before = {p.trader: p.symbol for p in state.positions("paper")}
            assert state.audit("paper") == ()
            await engine.manager.catch_up()
            assert engine.manager.unprotected() == ()
            await engine.run(stop_at(engine, end + 4 * EVERY))
            assert state.audit("paper") == ()
            assert engine.manager.unprotected() == ()
            drift = [e.body.drift for e in engine.journal.read(types=["reconciled"])]
            return before, drift, max(t.cycles for t in engine.manager.traders.values())

    held, drift, cycles = anyio.run(look)
    assert held, "no position is open at the end: the stops show nothing"
    assert not any(drift)
    assert cycles >= 3
