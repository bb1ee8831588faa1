"""The rule-based traders against the suite for model backends."""

from __future__ import annotations

import pytest

from nof0_core.domain.model import ModelSpec
from nof0_core.testing.contracts import LLMContract
from nof0_llm.baseline.params import BaselineParams
from nof0_llm.plugin import BASELINE


class TestBaseline(LLMContract):
    @pytest.fixture
    def kind(self):
        return BASELINE

    @pytest.fixture(params=["buy_and_hold", "random"])
    def model(self, request):
        return ModelSpec(
            name=request.param,
            backend="baseline",
            model_name=request.param,
            params=BaselineParams(),
        )
