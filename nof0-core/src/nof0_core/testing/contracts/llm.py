"""What must hold for every model backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Message, ModelSpec, Prompt
from nof0_core.plugins.env import Env
from nof0_core.plugins.kinds import BackendKind
from nof0_core.protocols import LLMBackend
from nof0_core.protocols.llm import CompletionRequest
from nof0_core.testing import samples
from nof0_core.testing.contracts.service import Opener, ServiceContract


class LLMContract(ServiceContract):
    """Suite for `LLMBackend`; override `model` where the kind needs `params`."""

    @pytest.fixture
    def model(self, kind: BackendKind[Any]) -> ModelSpec:
        """Return the entry of llm.yaml that is asked."""
        return ModelSpec(
            name="sample", backend="test", params=kind.params() if kind.params else None
        )

    @pytest.fixture
    def context(self) -> DecisionContext:
        """Return what the trader sees."""
        return samples.context()

    @pytest.fixture
    def request_(self, model: ModelSpec, context: DecisionContext, env: Env) -> CompletionRequest:
        """Return the question."""
        messages = (
            Message(role="system", content="Trade with care."),
            Message(role="user", content="BTC stands at 100000 USD. What do you do?"),
        )
        return CompletionRequest(
            trader=context.trader,
            cycle=context.cycle,
            model=model,
            context=context,
            schema={"type": "object"},
            deadline=env.clock.now() + timedelta(seconds=30),
            render=lambda: Prompt(messages=messages, digest="0" * 64, versions={}),
        )

    @pytest.fixture
    async def backend(self, opener: Opener) -> AsyncIterator[LLMBackend]:
        """Open the backend."""
        async with opener.open() as backend:
            yield backend

    async def test_answer_says_something(
        self, backend: LLMBackend, request_: CompletionRequest
    ) -> None:
        """There is a text or typed decisions, counted in whole tokens and no negative cost."""
        answer = await backend.complete(request_)
        assert answer.text or answer.decisions is not None
        assert answer.model
        assert answer.attempts >= 1
        usage = answer.usage
        assert min(usage.prompt_tokens, usage.completion_tokens) >= 0
        assert usage.cost_usd >= 0

    async def test_typed_decisions_stay_in_the_context(
        self, backend: LLMBackend, request_: CompletionRequest
    ) -> None:
        """A backend decides only on what the trader may trade, once per symbol."""
        answer = await backend.complete(request_)
        symbols = [decision.symbol for decision in answer.decisions or ()]
        assert set(symbols) <= set(request_.context.symbols)
        assert len(symbols) == len(set(symbols))

    async def test_prompt_is_rendered_only_by_those_who_read(
        self, backend: LLMBackend, request_: CompletionRequest, kind: BackendKind[Any]
    ) -> None:
        """A kind that says it reads no prompt never makes anybody render one."""
        await backend.complete(request_)
        assert (request_.rendered is not None) is kind.reads_prompt
