"""Core's own risk checks against the suite for risk checks."""

from __future__ import annotations

import attrs
import pytest

from nof0_core.risk.kinds import RISK_CHECKS
from nof0_core.testing.contracts import RiskCheckContract

USABLE = [
    kind
    for kind in RISK_CHECKS
    if all(field.default is not attrs.NOTHING for field in attrs.fields(kind.config))
]


class TestBuiltIn(RiskCheckContract):
    @pytest.fixture(params=[pytest.param(kind, id=kind.type) for kind in USABLE])
    def kind(self, request):
        return request.param


def test_most_checks_are_covered():
    assert len(USABLE) >= len(RISK_CHECKS) / 2
