"""Core's own allocation strategies against the suite for them."""

from __future__ import annotations

import pytest

from nof0_core.manager.allocation import ALLOCATORS
from nof0_core.testing.contracts import AllocatorContract


class TestBuiltIn(AllocatorContract):
    @pytest.fixture(params=[pytest.param(kind, id=kind.type) for kind in ALLOCATORS])
    def kind(self, request):
        return request.param
