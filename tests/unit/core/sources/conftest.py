"""A directory of recorded answers, and a log that is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nof0_core.testing.environment import Lines

ARENA = Path(__file__).parents[3] / "data" / "arena"


@pytest.fixture
def log():
    return Lines()


@pytest.fixture
def arena(tmp_path):
    """A copy of the recorded answers under the names the source reads."""
    directory = tmp_path / "api"
    shutil.copytree(ARENA, directory)
    (directory / "account-totals.excerpt.json").rename(directory / "account-totals.json")
    return directory
