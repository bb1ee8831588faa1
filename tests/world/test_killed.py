"""The execution engine ends at every step of an order's life, under every fault of a venue.

NOF0_ENDS says how many of these ends are tried, "all" for all of them.
"""

from __future__ import annotations

import os
import random
from itertools import product

import pytest
from world.faults import KINDS, Verb
from world.killed import STEPS, end_at

MOST = os.environ.get("NOF0_ENDS", "220")
FAULTS = [(verb, kind) for verb in Verb for kind in KINDS[verb]]
ENDS = list(product(STEPS, FAULTS, (True, False)))
DRAWN = ENDS if MOST == "all" else random.Random("ends").sample(ENDS, int(MOST))
BY_STEP = {step: [end for end in DRAWN if end[0] == step] for step in STEPS}


@pytest.mark.timeout(0)  # How many there are is for whoever asks to say.
@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, id=f"{step} ({len(ends)} of {len(FAULTS) * 2} ends)")
        for step, ends in BY_STEP.items()
    ],
)
def test_the_next_start_puts_everything_right(step, tmp_path_factory):
    wrong, reached, held = [], 0, 0
    for _, (verb, kind), is_orderly in BY_STEP[step]:
        root = tmp_path_factory.mktemp("end")
        end = end_at(step, verb, kind, root, is_orderly=is_orderly)
        how = "stopped" if is_orderly else "killed"
        wrong += [f"{how} under {verb} {kind}: {sentence}" for sentence in end.wrong]
        reached += end.was_reached
        held += end.was_reached and bool(end.held)
    assert wrong == []
    # Some faults keep orders from coming that far.
    assert reached
    assert held, "nothing was held when it ended"
