"""What several areas of core need."""

from __future__ import annotations

import pytest
from disk_gate import Gate

from nof0_core import disk


@pytest.fixture
def gate(monkeypatch):
    """A gate before the disk; closed."""
    made = Gate()
    monkeypatch.setattr(disk, "sync_all", made)
    yield made
    made.open(1000)
