"""`nof0 rehearse` as a command that another package adds, and the model that decides in it."""

from __future__ import annotations

import pytest

from nof0_core.testing.contracts import CommandContract
from nof0_provider_hyperliquid import plugin


class TestRehearseCommand(CommandContract):
    @pytest.fixture
    def plugin(self):
        return plugin
