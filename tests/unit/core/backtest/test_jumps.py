"""A run that leaves out moments in which nothing can happen is the same run."""

from __future__ import annotations

import lives
import pytest


@pytest.fixture
def both(tmp_path):
    """Run a random project with and without jumps."""

    def run(seed):
        file, length = lives.make_project(seed, tmp_path / str(seed))
        stepped, with_steps = lives.journal_of(file, length, tmp_path / f"{seed}a", steps=True)
        jumped, with_jumps = lives.journal_of(file, length, tmp_path / f"{seed}b", steps=False)
        return stepped, jumped, with_steps, with_jumps

    return run


@pytest.mark.parametrize("seed", lives.SEEDS)
def test_jumping_is_stepping(seed, both):
    stepped, jumped, with_steps, with_jumps = both(seed)

    assert stepped.keys() == jumped.keys()
    for name, lines in stepped.items():
        assert lines == jumped[name], name
    assert (with_steps.reason, with_steps.error) == (with_jumps.reason, with_jumps.error)
    assert with_steps.view.traders == with_jumps.view.traders
    assert with_steps.log.digest() == with_jumps.log.digest()
