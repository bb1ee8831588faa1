"""Risk checks and backends that break a promise fail the case for it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal

import attrs
import pytest

from nof0_core.domain.decision import ALLOW, Verdict, VerdictKind
from nof0_core.domain.model import Completion, ModelSpec, Prompt
from nof0_core.ids import Symbol
from nof0_core.plugins.kinds import BackendKind
from nof0_core.protocols.llm import CompletionRequest
from nof0_core.testing import START, context, decision
from nof0_core.testing.contracts import LLMContract, RiskCheckContract

CASES = sorted(name for name in dir(RiskCheckContract) if name.startswith("test_"))


class Forgets:
    """Vetoes every second question."""

    asked = 0

    def check(self, judged, around):
        self.asked += 1
        if judged.signal.is_entry and self.asked % 2:
            return Verdict(kind=VerdictKind.VETO, code="odd", message="odd")
        return ALLOW


class SaysNothing:
    def check(self, judged, around):
        return Verdict(kind=VerdictKind.VETO) if judged.signal.is_entry else ALLOW


class Grows:
    def check(self, judged, around):
        if not judged.signal.is_entry:
            return ALLOW
        wanted = around.size_usd + Decimal(1)
        return Verdict(kind=VerdictKind.SHRINK, code="more", message="more", size_usd=wanted)


class KeepsIn:
    def check(self, judged, around):
        return Verdict(kind=VerdictKind.VETO, code="stay", message="stay")


@pytest.mark.parametrize(
    ("check", "case"),
    [
        pytest.param(Forgets, "test_same_question_same_verdict", id="memory"),
        pytest.param(SaysNothing, "test_verdict_says_what_and_why", id="no reason"),
        pytest.param(Grows, "test_verdict_says_what_and_why", id="shrinks to more"),
        pytest.param(KeepsIn, "test_closing_is_allowed", id="forbids closing"),
    ],
)
def test_broken_check_fails_its_case_alone(check, case):
    entries = [decision(), decision(leverage=40), decision(confidence=1.0)]
    failed = set()
    for name in CASES:
        arguments = {"check": check()} | ({} if "closing" in name else {"decisions": entries})
        try:
            getattr(RiskCheckContract(), name)(**arguments)
        except AssertionError:
            failed.add(name)
    assert failed == {case}


@attrs.frozen
class Answers:
    """A backend that gives a fixed answer, and may read the prompt."""

    answer: Completion
    reads: bool = False

    async def complete(self, request):
        assert not self.reads or request.prompt
        return self.answer


def request_of(model):
    around = context()
    return CompletionRequest(
        trader=around.trader,
        cycle=around.cycle,
        model=model,
        context=around,
        schema={},
        deadline=START,
        render=lambda: Prompt(messages=(), digest="", versions={}),
    )


@asynccontextmanager
async def never(_config, _env):
    yield None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("backend", "case"),
    [
        pytest.param(
            Answers(Completion(model="m")), "test_answer_says_something", id="says nothing"
        ),
        pytest.param(
            Answers(Completion(model="m", decisions=(decision(symbol=Symbol("NOSUCHCOIN")),))),
            "test_typed_decisions_stay_in_the_context",
            id="trades what it must not",
        ),
        pytest.param(
            Answers(Completion(model="m", decisions=(decision(), decision()))),
            "test_typed_decisions_stay_in_the_context",
            id="decides twice",
        ),
        pytest.param(
            Answers(Completion(model="m", text="[]"), reads=True),
            "test_prompt_is_rendered_only_by_those_who_read",
            id="renders for nothing",
        ),
    ],
)
async def test_broken_backend_fails_its_case_alone(backend, case):
    model = ModelSpec(name="m", backend="b")
    kind = BackendKind(type="x", config=object, open=never, summary="", reads_prompt=False)
    suite = LLMContract()
    failed = set()
    for name in (
        "test_answer_says_something",
        "test_typed_decisions_stay_in_the_context",
        "test_prompt_is_rendered_only_by_those_who_read",
    ):
        more = {"kind": kind} if "rendered" in name else {}
        try:
            await getattr(suite, name)(backend=backend, request_=request_of(model), **more)
        except AssertionError:
            failed.add(name)
    assert failed == {case}
