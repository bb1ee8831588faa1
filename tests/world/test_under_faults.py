"""Every test of the execution engine, done under every fault of a venue at every verb.

NOF0_FAULTS says how many tests are done under each fault, "all" for all of them.
"""

from __future__ import annotations

import os
import random

import pytest
from world.bodies import Body, bodies
from world.faults import KINDS, Verb
from world.under_faults import play

MOST = os.environ.get("NOF0_FAULTS", "4")
BODIES = bodies()
"""What the tests of the execution engine do."""
EACH = len(BODIES) if MOST == "all" else min(int(MOST), len(BODIES))
FAULTS = [(verb, kind) for verb in Verb for kind in KINDS[verb]]
ANCHOR = next(b for b in BODIES if b.name == "engine:a_close_cancels_both_exits")
"""It asks for every verb, and is done under each fault from the first call on."""


def drawn(verb, kind) -> list[Body]:
    """Draw what is done under one fault."""
    return random.Random(f"bodies/{verb}/{kind}").sample(BODIES, EACH)


@pytest.mark.timeout(0)  # How many there are is for whoever asks to say.
@pytest.mark.parametrize(
    ("verb", "kind"),
    [pytest.param(v, k, id=f"{v}-{k}-{EACH}-of-{len(BODIES)}-tests") for v, k in FAULTS],
)
def test_whatever_the_venue_does_the_engine_keeps_its_promises(verb, kind, tmp_path_factory):
    wrong = []
    for body in drawn(verb, kind):
        outcome = play(body, verb, kind, tmp_path_factory.mktemp("trial"))
        wrong += [f"{body.name}: {sentence}" for sentence in outcome.wrong]
    anchor = play(ANCHOR, verb, kind, tmp_path_factory.mktemp("trial"), at_once=True)
    assert wrong + anchor.wrong == []
    assert anchor.struck[verb, kind], "the fault never struck"
