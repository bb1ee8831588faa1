"""Seeded lives of the execution engine: NOF0_LIVES says how many, NOF0_LIFE which one alone."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from world.life import live
from world.loop import WorldError

from nof0_core.state.recorder import Recorder

LIVES = int(os.environ.get("NOF0_LIVES", "400"))
"""How many lives are lived."""
CHUNK = 500 if LIVES >= 5000 else max(1, LIVES // 8)
"""How many of them in one test."""
ALONE = os.environ.get("NOF0_LIFE", "")
"""The seed of the only life that is lived, if one is named."""
STARTS = [int(ALONE)] if ALONE else range(0, LIVES, CHUNK)


@pytest.mark.timeout(0)  # How many there are is for whoever asks to say.
@pytest.mark.parametrize("first", STARTS)
def test_whatever_happens_the_engine_keeps_its_promises(first, record_property):
    stop = first + 1 if ALONE else min(first + CHUNK, LIVES)
    broken, seen = [], Counter()
    for seed in range(first, stop):
        try:
            report = live(seed)
        except WorldError as error:
            broken.append(str(error))
        else:
            seen += report.totals()
    record_property("lives", dict(seen))
    assert not broken, f"{len(broken)} of {stop - first} lives broke:\n" + "\n".join(broken[:5])
    assert ALONE or seen["fills"] > stop - first, seen


def test_in_the_lives_happens_what_can_happen():
    seen, kinds, killed = Counter(), Counter(), Counter()
    deeds = {
        "fills", "orders", "sync", "submit", "cancelled", "halt", "flatten", "stop", "stop lost",
        "stop fired", "clock set", "closed by hand", "opened by hand", "cash moved", "excuse stop",
        "excuse watched", "excuse closing", "excuse no possibility", "kill", "record lost",
    }  # fmt: skip
    steps = {"OrderIntended", "disk asked", "disk confirmed", "OrderAnswered", "Filled"}
    for seed in range(200):
        report = live(seed, checks=frozenset())
        seen.update(fills=report.fills, orders=report.orders)
        seen.update(report.did)
        seen.update({f"excuse {word}": n for word, n in report.excuses.items()})
        killed.update(report.kills)
        kinds.update(report.faults)
        if seed >= 20 and not deeds - seen.keys() and not steps - killed.keys():
            break
    assert not deeds - seen.keys()
    assert not steps - killed.keys()
    assert len({verb for verb, _ in kinds}) >= 6
    assert len({kind for _, kind in kinds}) >= 12
    assert any(step.endswith("begun") for step in killed)
    assert any(step.endswith("answered") for step in killed)


def test_an_engine_that_sends_before_the_disk_has_confirmed_is_found(monkeypatch):
    async def secure(recorder):
        return recorder.events.last_seq

    monkeypatch.setattr(Recorder, "secure", secure)
    with pytest.raises(WorldError, match="was sent twice"):
        live(2)


def test_a_seed_lives_the_same_life_each_time():
    for seed in range(5):
        one, other = (live(seed, checks=frozenset()) for _ in range(2))
        assert one.journal.digest() == other.journal.digest()
        assert one.faults == other.faults


def test_a_life_without_end_of_trouble_is_longer():
    report = live(3, hours=0.3, checks=frozenset())
    assert report.seconds > 500
