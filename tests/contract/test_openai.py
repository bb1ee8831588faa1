"""Models behind an endpoint against the suite for model backends."""

from __future__ import annotations

import pytest

from nof0_core.domain.model import ModelSpec
from nof0_core.testing.contracts import LLMContract
from nof0_llm.openai.settings import OpenAIConfig, OpenAIParams
from nof0_llm.plugin import OPENAI


class TestOpenAI(LLMContract):
    @pytest.fixture
    def kind(self):
        return OPENAI

    @pytest.fixture
    def config(self, llm_server):
        return OpenAIConfig(base_url=llm_server.url, api_key="none", max_retries=0)

    @pytest.fixture(params=["tools", "json_schema", "json", "md_json"])
    def model(self, request):
        return ModelSpec(
            name="sample",
            backend="openai",
            model_name="m",
            mode=request.param,
            params=OpenAIParams(),
        )
