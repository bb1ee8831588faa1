"""A directory of recorded answers, and a log that is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ARENA = Path(__file__).parents[3] / "data" / "arena"


class Log:
    """Keeps what was logged."""

    def __init__(self):
        self.lines = []

    def _keep(self, event, **values):
        self.lines.append((event, values))

    debug = info = warning = error = _keep


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def arena(tmp_path):
    """A copy of the recorded answers under the names the source reads."""
    directory = tmp_path / "api"
    shutil.copytree(ARENA, directory)
    (directory / "account-totals.excerpt.json").rename(directory / "account-totals.json")
    return directory
