"""A model backend that breaks one promise fails the case for it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal

import attrs
import pytest
from contract.broken_exchanges import held_up

from nof0_core.domain.decision import Signal
from nof0_core.domain.health import Health
from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.ids import Symbol
from nof0_core.plugins.kinds import BackendKind
from nof0_core.testing import decision
from nof0_core.testing.contracts import LLMContract, ServiceContract

pytestmark = pytest.mark.anyio

HOLD = '[{"signal": "hold", "symbol": "BTC"}]'
TYPES = "test_values_are_of_their_declared_types"
SAYS = "test_answer_says_something"
STAYS = "test_decisions_stay_in_the_context"


@attrs.frozen(kw_only=True)
class NoConfig:
    """Nothing to set."""


@attrs.frozen
class Answers:
    """Gives a fixed answer, without reading."""

    changes: dict = attrs.field(factory=dict)

    async def complete(self, request):
        return attrs.evolve(Completion(model=request.model.name, text=HOLD), **self.changes)


def deciding(*decisions):
    return Answers({"decisions": tuple(decisions), "text": ""})


class Reads(Answers):
    async def complete(self, request):
        assert request.prompt.messages
        return await super().complete(request)


class Rewrites(Answers):
    async def complete(self, request):
        object.__setattr__(request.context.account, "equity", Decimal(10**6))
        return await super().complete(request)


class Blocks(Answers):
    async def complete(self, request):
        held_up()
        return await super().complete(request)


class Nothing(Answers):
    async def complete(self, request):
        return None


class Pays(Answers):
    """Notes what it spent; this one is good."""

    noted = 7

    async def complete(self, request):
        usage = Usage(prompt_tokens=7)
        if self.noted:
            noted = Usage(prompt_tokens=self.noted)
            request.calls.add(
                ModelCall(model=request.model.name, outcome=CallOutcome.ANSWERED, usage=noted)
            )
        return attrs.evolve(await super().complete(request), usage=usage)


class PaysInSecret(Pays):
    noted = 0


class NotesLess(Pays):
    noted = 3


class NotesJunk(Answers):
    async def complete(self, request):
        request.calls.add({"model": request.model.name, "tokens": 7})
        return await super().complete(request)


class Moody(Answers):
    """Has a method whose word it does not say."""

    def health(self):
        return Health.OK, ""


def kind_of(backend, **fields):
    @asynccontextmanager
    async def opened(_config, _env):
        yield backend

    fields = {"reads_prompt": False, **fields}
    return BackendKind(type="x", config=NoConfig, open=opened, summary="answers", **fields)


BACKENDS = [
    pytest.param(kind_of(Moody()), {"test_words_and_methods_fit"}, id="word not said"),
    pytest.param(kind_of(Answers({"text": ""})), {SAYS, STAYS}, id="says nothing"),
    pytest.param(kind_of(Answers({"text": "I wait."})), {SAYS, STAYS}, id="no decision"),
    pytest.param(
        kind_of(Answers({"text": HOLD[:-1] + ', {"signal": "go", "symbol": "BTC"}]'})),
        {SAYS},
        id="half of it is no decision",
    ),
    pytest.param(kind_of(deciding(decision(symbol=Symbol("NOPE")))), {STAYS}, id="strange coin"),
    pytest.param(
        kind_of(Answers({"text": HOLD.replace("BTC", "NOPE")})), {STAYS}, id="strange coin, as text"
    ),
    pytest.param(kind_of(deciding(decision(), decision())), {STAYS}, id="decides twice"),
    pytest.param(kind_of(deciding(decision(risk_usd=10.0))), {TYPES}, id="a float"),
    pytest.param(kind_of(deciding(decision(risk_usd=Decimal("NaN")))), {TYPES}, id="no number"),
    pytest.param(
        kind_of(Answers({"decisions": [decision(Signal.HOLD)], "usage": Usage(cost_usd=0.5)})),
        {TYPES},
        id="cost as a float",
    ),
    pytest.param(kind_of(NotesJunk()), {TYPES}, id="calls that are none"),
    pytest.param(
        kind_of(Answers({"model": "another"})), {"test_answer_is_of_the_model_asked"}, id="another"
    ),
    pytest.param(
        kind_of(Reads()), {"test_prompt_is_rendered_only_by_those_who_read"}, id="reads for nothing"
    ),
    pytest.param(
        kind_of(Answers(), reads_prompt=True),
        {"test_prompt_is_rendered_only_by_those_who_read"},
        id="does not read",
    ),
    pytest.param(kind_of(Rewrites()), {"test_question_is_only_looked_at"}, id="rewrites"),
    pytest.param(
        kind_of(PaysInSecret(), is_paid=True), {"test_paid_calls_are_noted"}, id="pays in secret"
    ),
    pytest.param(
        kind_of(NotesLess(), is_paid=True), {"test_paid_calls_are_noted"}, id="notes less"
    ),
]


@pytest.mark.parametrize(("kind", "expected"), BACKENDS)
async def test_broken_backend_fails_its_case_alone(kind, expected, failing):
    assert await failing(LLMContract, kind, NoConfig()) == expected


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind_of(Answers()), id="as text"),
        pytest.param(kind_of(deciding(decision())), id="typed"),
        pytest.param(kind_of(Reads(), reads_prompt=True), id="reads"),
        pytest.param(kind_of(Pays(), is_paid=True), id="pays"),
    ],
)
async def test_good_backend_fails_nothing(kind, failing):
    assert await failing(LLMContract, kind, NoConfig()) == set()


async def test_what_is_no_completion_is_told(faults):
    given = {"kind": kind_of(Nothing()), "config": NoConfig()}
    said = (await faults(LLMContract, given, [TYPES]))[TYPES]
    assert said == "complete is None, no Completion"


async def test_blocked_loop_is_caught(failing, monkeypatch):
    monkeypatch.setattr("nof0_core.testing.heartbeat.TICK", 0.001)
    blocked = await failing(LLMContract, kind_of(Blocks()), NoConfig())
    assert blocked == {"test_calls_do_not_block_the_loop"}


async def test_the_question_is_the_one_a_run_would_ask(faults):
    class Looks(Answers):
        async def complete(self, request):
            system, user = request.prompt.messages
            assert "buy_to_enter" in system.content + user.content
            assert "BTC" in user.content
            item = request.schema["properties"]["decisions"]["items"]
            assert item["properties"]["symbol"]["enum"] == ["BTC"]
            assert request.model.backend == "x"
            return await super().complete(request)

    given = {"kind": kind_of(Looks(), reads_prompt=True), "config": NoConfig()}
    assert await faults(LLMContract, given) == {}


async def test_a_suite_may_change_the_question(faults):
    class Later(LLMContract):
        def ask(self, model, context, env):
            return attrs.evolve(super().ask(model, context, env), expires=None)

    class Looks(Answers):
        async def complete(self, request):
            assert request.expires is None
            return await super().complete(request)

    assert await faults(Later, {"kind": kind_of(Looks()), "config": NoConfig()}) == {}


def test_every_case_of_the_suite_for_models_has_a_broken_backend(cases):
    own = cases(LLMContract) - cases(ServiceContract)
    caught = {case for param in BACKENDS for case in param.values[1]}
    assert own == caught | {"test_calls_do_not_block_the_loop"}
