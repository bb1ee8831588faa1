"""Fixtures for a plugin's own tests: `pytest_plugins = ["nof0_core.testing.fixtures"]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from nof0_core.testing.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return an empty project in a directory of its own."""
    return Project(directory=tmp_path)
