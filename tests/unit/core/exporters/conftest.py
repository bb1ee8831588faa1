"""A short story of two traders, told in events with the views that belong to them."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from story import Story

ARENA = Path(__file__).parents[3] / "data" / "arena"


@pytest.fixture
def story():
    return Story


@pytest.fixture
def recorded():
    """Read one of the arena's recorded answers."""
    return lambda name: json.loads((ARENA / name).read_text())


@pytest.fixture
def evolve():
    return attrs.evolve
