"""The backends that stand in front of others keep what every model backend promises."""

from __future__ import annotations

from collections.abc import AsyncIterator

import attrs
import pytest

from nof0_core.domain.model import Completion, ModelSpec
from nof0_core.plugins.env import BackendRef, Env, ModelRef
from nof0_core.protocols.llm import CompletionRequest
from nof0_core.testing.contracts import LLMContract
from nof0_core.testing.environment import env as make_env
from nof0_llm.critic.params import CriticParams
from nof0_llm.ensemble.params import EnsembleParams
from nof0_llm.plugin import CRITIC, ENSEMBLE, TAPE
from nof0_llm.tape.config import RECORD, REPLAY, TapeConfig

HOLD = '[{"signal": "hold", "symbol": "BTC"}]'


class Says:
    """Reads the prompt and holds."""

    async def complete(self, request: CompletionRequest) -> Completion:
        assert request.prompt.messages
        return Completion(model=request.model.name, text=HOLD)


class BehindContract(LLMContract):
    """Surroundings in which models `one` and `two` answer."""

    @pytest.fixture
    async def env(self) -> AsyncIterator[Env]:
        async with make_env() as made:
            yield attrs.evolve(
                made,
                backend={BackendRef("real"): Says()}.__getitem__,
                model={
                    ModelRef(name): ModelSpec(name=name, backend="real") for name in ("one", "two")
                }.__getitem__,
            )


class TestRecording(BehindContract):
    @pytest.fixture
    def kind(self):
        return TAPE

    @pytest.fixture
    def config(self, tmp_path):
        return TapeConfig(backend="real", file=tmp_path / "run.jsonl", mode=RECORD)


class TestReplay(BehindContract):
    @pytest.fixture
    def kind(self):
        return TAPE

    @pytest.fixture
    async def config(self, tmp_path, env, question):
        config = TapeConfig(backend="real", file=tmp_path / "run.jsonl", mode=REPLAY)
        asked = attrs.evolve(question)
        async with TAPE.open(attrs.evolve(config, mode=RECORD), env) as recording:
            await recording.complete(asked)
        return config


class TestEnsemble(BehindContract):
    @pytest.fixture
    def kind(self):
        return ENSEMBLE

    @pytest.fixture
    def model(self):
        params = EnsembleParams(members=(ModelRef("one"), ModelRef("two")))
        return ModelSpec(name="vote", backend="ensemble", params=params)


class TestCritic(BehindContract):
    @pytest.fixture
    def kind(self):
        return CRITIC

    @pytest.fixture
    def model(self):
        params = CriticParams(proposer=ModelRef("one"), critic=ModelRef("two"))
        return ModelSpec(name="pair", backend="critic", params=params)
