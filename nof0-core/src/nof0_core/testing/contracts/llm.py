"""What must hold for every model backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from importlib.resources import as_file, files
from typing import Any

import pytest

from nof0_core.answers import Answer, answer_schema, validate
from nof0_core.border.completions import COMPLETION, sorted_calls
from nof0_core.clock import stopwatch
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Completion, ModelSpec, Prompt, usage_of
from nof0_core.errors import InvalidOutputError
from nof0_core.plugins.env import Env
from nof0_core.plugins.kinds import BackendKind
from nof0_core.prompts import PromptBook
from nof0_core.protocols import LLMBackend, service_faults
from nof0_core.protocols.llm import CompletionRequest
from nof0_core.testing import samples
from nof0_core.testing.contracts.service import Opener, ServiceContract
from nof0_core.testing.declared import declared
from nof0_core.testing.fingerprint import fingerprint
from nof0_core.testing.heartbeat import unblocked

TIME_TO_ANSWER = timedelta(seconds=30)


class LLMContract(ServiceContract):
    """Suite for `LLMBackend`.

    The question is the one a run would ask: the prompt of the templates `nof0 init` writes, and the
    schema of decisions. Override the fixture `model` where the kind needs `params`, `context` for
    another situation, `answering` where other entries may answer in the model's place, and the
    method `ask` to change the question itself:

        def ask(self, model, context, env):
            return attrs.evolve(super().ask(model, context, env), check=...)
    """

    @pytest.fixture
    def model(self, kind: BackendKind[Any]) -> ModelSpec:
        """Return the entry of llm.yaml that is asked."""
        params = kind.params() if kind.params else None
        return ModelSpec(name="sample", backend=kind.type, model_name="sample", params=params)

    @pytest.fixture
    def answering(self, model: ModelSpec) -> Collection[str]:
        """Return the names of the entries that may answer."""
        return {model.name}

    @pytest.fixture
    def context(self) -> DecisionContext:
        """Return what the trader sees."""
        return samples.context()

    def ask(self, model: ModelSpec, context: DecisionContext, env: Env) -> CompletionRequest:
        """Make the question; override it to change what `super().ask` returns."""
        return CompletionRequest(
            trader=context.trader,
            cycle=context.cycle,
            model=model,
            context=context,
            schema=answer_schema(context.symbols),
            deadline=env.clock.now() + TIME_TO_ANSWER,
            render=lambda: shipped_prompt(context),
            expires=stopwatch() + TIME_TO_ANSWER.total_seconds(),
        )

    @pytest.fixture
    def question(self, model: ModelSpec, context: DecisionContext, env: Env) -> CompletionRequest:
        """Return what the backend is asked."""
        return self.ask(model, context, env)

    @pytest.fixture
    async def backend(self, opener: Opener) -> AsyncIterator[LLMBackend]:
        """Open the backend."""
        async with opener.open() as backend:
            yield backend

    async def test_values_are_of_their_declared_types(
        self, backend: LLMBackend, question: CompletionRequest
    ) -> None:
        """An answer is a `Completion`; amounts are finite Decimals, tokens whole numbers."""
        declared("complete", COMPLETION, await backend.complete(question))
        _, wrong = sorted_calls(question.calls)
        assert not wrong, wrong

    async def test_answer_is_of_the_model_asked(
        self, backend: LLMBackend, question: CompletionRequest, answering: Collection[str]
    ) -> None:
        """`Completion.model` names the entry that answered; costs and records are kept by it."""
        model = (await backend.complete(question)).model
        assert model in answering, f"{model} answered, not one of {sorted(answering)}"

    async def test_answer_says_something(
        self, backend: LLMBackend, question: CompletionRequest
    ) -> None:
        """There are typed decisions, or a text in which the engine finds some."""
        answer = await backend.complete(question)
        assert answer.text or answer.decisions is not None, "neither a text nor decisions"
        read = _read(answer, question.context)
        assert len(read.decisions) == len(read.elements), f"not all can be used: {read.elements}"

    async def test_decisions_stay_in_the_context(
        self, backend: LLMBackend, question: CompletionRequest
    ) -> None:
        """A backend decides only on what the trader may trade, once per symbol."""
        answer = _read(await backend.complete(question), question.context)
        symbols = [decision.symbol for decision in answer.decisions]
        assert set(symbols) <= set(question.context.symbols)
        assert len(symbols) == len(set(symbols)), "a coin is decided on twice"

    async def test_prompt_is_rendered_only_by_those_who_read(
        self, backend: LLMBackend, question: CompletionRequest, kind: BackendKind[Any]
    ) -> None:
        """A kind that says it reads no prompt never makes anybody render one."""
        await backend.complete(question)
        assert (question.rendered is not None) is kind.reads_prompt

    async def test_question_is_only_looked_at(
        self, backend: LLMBackend, question: CompletionRequest
    ) -> None:
        """What the trader knows is the same afterwards; the risk gate judges by it."""
        before = fingerprint(question.context)
        await backend.complete(question)
        assert fingerprint(question.context) == before, "the backend changed the context"

    async def test_paid_calls_are_noted(
        self, backend: LLMBackend, question: CompletionRequest, kind: BackendKind[Any]
    ) -> None:
        """What a kind that `is_paid` spends stands in `calls`, call by call, as in its usage."""
        if not kind.is_paid:
            pytest.skip("answers cost nothing")
        answer = await backend.complete(question)
        assert len(question.calls) > 0, "no call was noted"
        spent = usage_of(question.calls).tokens
        assert spent == answer.usage.tokens, f"{spent} tokens noted, {answer.usage.tokens} used"

    async def test_calls_do_not_block_the_loop(
        self, backend: LLMBackend, question: CompletionRequest
    ) -> None:
        """While a model thinks, others have their turns: stops are watched on this loop."""
        await unblocked("complete", lambda: backend.complete(question))

    async def test_words_and_methods_fit(self, opener: Opener) -> None:
        """What its capabilities say, and nothing else, it has methods for."""
        async with opener.open() as backend:
            assert service_faults(backend) == ()


def shipped_prompt(context: DecisionContext) -> Prompt:
    """Render the templates that `nof0 init` writes."""
    with as_file(files("nof0_core") / "starter" / "prompts") as folder:
        book = PromptBook(
            folder / "manager" / "default.tmpl", folder / "executor" / "default_prompt.tmpl"
        )
        return book.render(context, trader_name="Sample")


def _read(completion: Completion, context: DecisionContext) -> Answer:
    """Read an answer as the engine does."""
    try:
        return validate(completion, context)
    except InvalidOutputError as error:
        message = f"the text is no answer: {error}\n{completion.text[:500]}"
        raise AssertionError(message) from error
