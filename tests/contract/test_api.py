"""What nof0-api offers against the suites for companions and commands."""

from __future__ import annotations

import re
import socket

import pytest

from nof0_api import plugin
from nof0_core.testing.contracts import CommandContract, CompanionContract


class TestServe(CompanionContract):
    @pytest.fixture
    def companion(self):
        (companion,) = plugin.nof0_companions()
        return companion

    def configure(self, directory):
        file = super().configure(directory)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        file.write_text(re.sub(r"(?m)^Port: .*", f"Port: {port}", file.read_text()))
        return file


class TestServeCommand(CommandContract):
    @pytest.fixture
    def plugin(self):
        return plugin
