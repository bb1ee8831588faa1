"""Every cycle of random projects comes out the same from its journal alone (`NOF0_JUMPS`)."""

from __future__ import annotations

from functools import partial

import anyio
import pytest
import random_projects

from nof0_core.backtest.replay.outline import Selection
from nof0_core.backtest.replay.replaying import find, replay
from nof0_core.plugins import load_plugins
from nof0_core.project import open_journal


@pytest.mark.parametrize("seed", random_projects.SEEDS)
def test_every_cycle_comes_out_the_same(seed, tmp_path):
    file, length = random_projects.make_project(seed, tmp_path / "project")
    data = tmp_path / "data"
    random_projects.journal_of(file, length, data, steps=False)
    [folder] = (data / "backtests").iterdir()
    place = open_journal(folder)
    found = find(place.records, Selection())
    differing = []

    def note(one):
        if one.differences or one.missing:
            differing.append(one)

    result = anyio.run(partial(replay, place.records, found, load_plugins(), show=note))
    assert differing == []
    assert (result.stopped, result.changed) == ("", [])
    assert sum(one.same for one in result.traders.values()) == result.cycles > 0
    assert sum(one.unpriced for one in result.traders.values()) == 0
