"""The vote as a backend: concurrent members, abstentions, quorum, costs."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal as D

import anyio
import pytest
from llm_voices import SILENT, voices

from nof0_core.clock import stopwatch
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Message, ModelSpec, Prompt, Usage
from nof0_core.errors import (
    BudgetExceededError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
    ReplayMissError,
)
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.ensemble.backend import EnsembleBackend, problem
from nof0_llm.ensemble.params import EnsembleParams

pytestmark = pytest.mark.anyio

BUY = json.dumps(
    [
        {
            "signal": "buy_to_enter",
            "symbol": "BTC",
            "leverage": 3,
            "position_size_usd": 100,
            "entry_price": 100,
            "stop_loss": 95,
            "take_profit": 120,
            "confidence": 80,
            "reasoning": "trend",
        }
    ]
)
CLOSE = (Decision(signal=Signal.CLOSE, symbol="BTC", confidence=70.0),)
HOLD = '[{"signal": "hold", "symbol": "BTC"}]'
USAGE = Usage(prompt_tokens=100, completion_tokens=10, cost_usd=D("0.25"))
PROMPT = Prompt(messages=(Message(role="user", content="decide"),), digest="d", versions={})


def spec(*members, **params):
    made = EnsembleParams(members=members, **params)
    return ModelSpec(name="council", backend="ensemble", model_name="council", params=made)


@pytest.fixture
def question(context):
    rendered = []

    def make(model, *, expires=None):
        ctx = context()
        request = CompletionRequest(
            trader=ctx.trader,
            cycle=ctx.cycle,
            model=model,
            context=ctx,
            schema={},
            deadline=ctx.time + timedelta(minutes=1),
            render=lambda: rendered.append(1) or PROMPT,
            expires=expires,
        )
        request.times_rendered = rendered
        return request

    return make


async def test_the_members_vote_and_everything_they_said_is_kept(question):
    said = {"a": BUY, "b": BUY, "c": HOLD}
    async with voices(said, a=USAGE, b=USAGE, c=USAGE) as (env, made):
        request = question(spec("a", "b", "c"))
        answer = await EnsembleBackend(env).complete(request)

    (decision,) = answer.decisions
    assert (decision.signal, decision.position_size_usd) == (Signal.BUY_TO_ENTER, D(100))
    assert answer.model == "council"
    assert json.loads(answer.text) == {
        "members": [{"model": name, "answer": text} for name, text in said.items()]
    }
    assert "[a]" in answer.chain_of_thought
    assert "buy_to_enter BTC: trend" in answer.chain_of_thought
    assert answer.usage == USAGE + USAGE + USAGE
    assert [call.model for call in request.calls] == ["a", "b", "c"]
    assert [voice.asked[0].model.name for voice in made.values()] == ["a", "b", "c"]
    assert request.rendered is PROMPT
    assert request.times_rendered == [1]


async def test_a_coin_written_in_other_letters_is_the_same_coin_in_a_vote(question):
    said = {"a": BUY, "b": BUY.replace("BTC", "btc"), "c": HOLD}
    async with voices(said) as (env, _):
        answer = await EnsembleBackend(env).complete(question(spec("a", "b", "c")))
    assert [(d.signal, d.symbol) for d in answer.decisions] == [(Signal.BUY_TO_ENTER, "BTC")]


async def test_typed_decisions_vote_like_texts(question):
    async with voices({"a": CLOSE, "b": CLOSE, "c": BUY}) as (env, _):
        answer = await EnsembleBackend(env).complete(question(spec("a", "b", "c")))
    assert [d.signal for d in answer.decisions] == [Signal.CLOSE]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(LLMError("down"), id="error"),
        pytest.param("I'd rather not say.", id="unusable"),
        pytest.param(RuntimeError("bug"), id="bug"),
        pytest.param(BudgetExceededError("spent", scope="all"), id="budget"),
    ],
)
async def test_a_member_that_fails_abstains(question, trouble):
    async with voices({"a": BUY, "b": trouble, "c": BUY}) as (env, _):
        request = question(spec("a", "b", "c"))
        answer = await EnsembleBackend(env).complete(request)

    assert [d.signal for d in answer.decisions] == [Signal.BUY_TO_ENTER]
    assert "error" in json.loads(answer.text)["members"][1]
    assert "[b] no usable answer" in answer.chain_of_thought
    assert [call.model for call in request.calls] == ["b"], "the journal says who did not answer"


async def test_what_an_unusable_member_said_is_kept(question):
    unusable = InvalidOutputError(["no JSON found"], output="I'd rather not say.")
    async with voices({"a": BUY, "b": unusable, "c": BUY}) as (env, _):
        answer = await EnsembleBackend(env).complete(question(spec("a", "b", "c")))
    kept = json.loads(answer.text)["members"][1]
    assert kept == {"model": "b", "answer": "I'd rather not say.", "error": str(unusable)}


async def test_a_member_that_never_answers_abstains_in_time(question):
    async with voices({"a": BUY, "b": SILENT, "c": BUY}) as (env, made):
        expires = stopwatch() + 2
        with anyio.fail_after(60):
            answer = await EnsembleBackend(env).complete(
                question(spec("a", "b", "c"), expires=expires)
            )
        (asked,) = made["b"].asked
        assert asked.expires < expires, "time is left to hear those who have answered"
    assert [d.signal for d in answer.decisions] == [Signal.BUY_TO_ENTER]
    assert "no answer in time" in answer.chain_of_thought


async def test_without_a_quorum_there_is_no_answer(question):
    async with voices({"a": BUY, "b": LLMError("down"), "c": LLMError("away")}) as (env, _):
        with pytest.raises(LLMError, match="1 of 3 members answered, 2 must: b: down; c: away"):
            await EnsembleBackend(env).complete(question(spec("a", "b", "c")))
        answer = await EnsembleBackend(env).complete(question(spec("a", "b", "c", quorum=1)))
        assert [d.signal for d in answer.decisions] == [Signal.BUY_TO_ENTER]
        with pytest.raises(LLMError, match="3 must"):
            await EnsembleBackend(env).complete(question(spec("a", "b", "c", quorum=3)))


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (BudgetExceededError("spent", scope="all"), BudgetExceededError),
        (ModelTimeoutError("late"), ModelTimeoutError),
    ],
)
async def test_failures_of_one_kind_are_one_failure_of_that_kind(question, trouble, kind):
    async with voices({"a": trouble, "b": trouble}) as (env, _):
        with pytest.raises(kind):
            await EnsembleBackend(env).complete(question(spec("a", "b")))


async def test_a_missing_recording_ends_the_run_and_is_no_abstention(question):
    miss = ReplayMissError("not on the tape")
    async with voices({"a": BUY, "b": BUY, "c": miss}) as (env, _):
        with pytest.raises(ReplayMissError):
            await EnsembleBackend(env).complete(question(spec("a", "b", "c")))


async def test_what_was_spent_is_noted_also_when_the_vote_is_cut_off(question):
    async with voices({"a": BUY, "b": SILENT}, a=USAGE, b=USAGE) as (env, _):
        request = question(spec("a", "b"))
        with anyio.move_on_after(0.2) as scope:
            await EnsembleBackend(env).complete(request)
    assert scope.cancelled_caught
    assert [call.model for call in request.calls] == ["a", "b"]


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        (spec("a"), "at least two"),
        (spec("a", "a"), "twice"),
        (spec("a", "b", quorum=3), "quorum is 3, but there are 2 members"),
        (spec("a", "b"), None),
    ],
)
def test_an_entry_that_cannot_vote_is_refused(model, fault):
    found = problem(model)
    assert found is None if fault is None else fault in found


def test_settings_without_effect_are_refused():
    import attrs

    model = attrs.evolve(spec("a", "b"), temperature=0.5, model_name="gpt")
    assert problem(model).startswith("temperature, model_name: mean nothing here")
