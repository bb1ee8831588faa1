"""One question, one answer, and every trouble a status."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a native cancellation is what is tried
import json
from datetime import timedelta
from decimal import Decimal

import anyio
import attrs
import pytest

from nof0_core.answers.parsing import LONGEST_TEXT
from nof0_core.answers.schema import answer_schema
from nof0_core.clock import ScaledClock, SystemClock
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion, ModelCall, Prompt, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import InvalidOutputError, LLMError, PromptError
from nof0_core.protocols.llm import CallLog
from nof0_core.tempo import STANDING

pytestmark = pytest.mark.anyio

ENTRY = {
    "signal": "buy_to_enter",
    "symbol": "BTC",
    "leverage": 5,
    "position_size_usd": 1000,
    "entry_price": 100000,
    "stop_loss": 98000,
    "take_profit": 110000,
    "confidence": 80,
}
HOLD = Decision(signal=Signal.HOLD, symbol="BTC")


async def test_an_answer_is_read_judged_and_approved(maker, context, now, prompts):
    text = f"Going up. {json.dumps([ENTRY, {'signal': 'hold', 'symbol': 'ETH'}])}"
    made, backend = maker(text)

    result = await made.decide(context(), now, CallLog())

    assert (result.status, result.error) == ("ok", "")
    assert [j.is_approved for j in result.judgements] == [True, True]
    assert [a.size_usd for a in result.approved] == [Decimal(1000)]
    assert result.completion.chain_of_thought == "Going up."
    assert result.latency_s >= 0
    (request,) = backend.requests
    assert (request.trader, request.cycle) == ("alpha", "cycle-1")
    assert request.deadline == now + timedelta(seconds=60)
    assert request.schema == answer_schema(("BTC", "ETH"))


async def test_texts_of_a_backend_that_gives_decisions_are_cleaned_as_well(maker, context, now):
    key = "sk-proj-abcdefghijklmnop1234"
    said = f"bell \x07 half \ud800 {key} " + "x" * 10_000
    made, _ = maker((attrs.evolve(HOLD, reasoning=said, invalidation_condition=said),))

    result = await made.decide(context(), now, CallLog())

    decision = result.judgements[0].decision
    for text in (decision.reasoning, decision.invalidation_condition):
        assert text.startswith("bell   half ? [redacted] xxx")
        assert len(text) == LONGEST_TEXT


async def test_a_backend_that_reads_no_prompt_never_pays_for_one(maker, context, now, prompts):
    made, _ = maker((HOLD,))

    result = await made.decide(context(), now, CallLog())

    assert (prompts.names, result.prompt) == ([], None)
    assert [j.decision for j in result.judgements] == [HOLD]


async def test_a_prompt_is_rendered_once_and_reported(maker, context, now, prompts):
    async def answer(request):
        assert request.prompt is request.prompt
        return Completion(model="m", text="[]")

    made, _ = maker(answer)
    result = await made.decide(context(), now, CallLog())

    assert prompts.names == ["Alpha"]
    assert isinstance(result.prompt, Prompt)


async def test_a_prompt_that_was_read_is_reported_when_the_model_fails(maker, context, now):
    refusal = LLMError("refused")

    async def answer(request):
        assert request.prompt.digest == "d1"
        raise refusal

    made, _ = maker(answer)
    result = await made.decide(context(), now, CallLog())

    assert (result.status, result.prompt.digest) == ("model_error", "d1")


async def test_a_malformed_element_is_judged_beside_the_good_ones(maker, context, now):
    made, _ = maker(json.dumps([ENTRY | {"leverage": "much"}, ENTRY | {"symbol": "ETH"}, ENTRY]))

    result = await made.decide(context(), now, CallLog())

    assert result.status == "ok"
    found = [(j.is_approved, [v.code for v in j.verdicts]) for j in result.judgements]
    assert found == [(False, ["malformed"]), (False, ["stop_on_wrong_side"]), (True, [])]
    assert [a.decision.symbol for a in result.approved] == ["BTC"]


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        pytest.param(LLMError("quota is used up"), "model_error", "quota is used up", id="error"),
        pytest.param(
            PromptError("default.tmpl:3: no such name"),
            "model_error",
            "default.tmpl:3",
            id="prompt",
        ),
        pytest.param(KeyError("choices"), "model_error", "KeyError: 'choices'", id="bug"),
        pytest.param(TimeoutError("read"), "model_error", "TimeoutError: read", id="own timeout"),
        pytest.param(
            SystemExit(3), "model_error", "complete raised SystemExit: 3 (llm ", id="exit"
        ),
        pytest.param(
            asyncio.CancelledError(), "model_error", "though nobody cancelled it", id="cancelled"
        ),
        pytest.param(
            ExceptionGroup("tasks", [KeyError("x"), OSError("y")]),
            "model_error",
            "complete raised KeyError: 'x'; OSError: y",
            id="group",
        ),
        pytest.param(
            ExceptionGroup("tasks", [LLMError("quota")]), "model_error", "quota", id="only ours"
        ),
        pytest.param(
            InvalidOutputError(["not JSON"], output="hm"),
            "invalid_output",
            "not JSON",
            id="invalid",
        ),
        pytest.param("let me think", "invalid_output", "no JSON found", id="prose"),
        pytest.param(({"signal": "hold"},), "invalid_output", "no Decision", id="not a decision"),
        pytest.param(
            (Decision(signal=Signal.CLOSE, symbol="BTC", risk_usd=1.5),),
            "invalid_output",
            "decisions[0].risk_usd is 1.5 (float), not a Decimal",
            id="a float",
        ),
        pytest.param(
            (Decision(signal=Signal.CLOSE, symbol="BTC", confidence=float("nan")),),
            "invalid_output",
            "decisions[0].confidence is nan",
            id="not a number",
        ),
        pytest.param(
            (Decision(signal="close", symbol="BTC"),),
            "invalid_output",
            "decisions[0].signal is 'close', not a Signal",
            id="a word",
        ),
    ],
)
async def test_trouble_with_the_model_is_a_status(maker, context, now, answer, status, error):
    made, _ = maker(answer)

    result = await made.decide(context(), now, CallLog())

    assert result.status == status
    assert error in result.error
    assert (result.judgements, result.approved) == ((), ())


async def test_an_unusable_answer_is_kept_for_the_journal(maker, context, now):
    made, _ = maker("let me think")
    assert (await made.decide(context(), now, CallLog())).completion.text == "let me think"

    made, _ = maker(InvalidOutputError(["not JSON"], output="hm"))
    assert (await made.decide(context(), now, CallLog())).completion.text == "hm"


@pytest.mark.parametrize("clock", ["system", "scaled"])
async def test_an_answer_that_does_not_come_ends_the_cycle_in_real_time(maker, context, now, clock):
    clocks = {"system": SystemClock(), "scaled": ScaledClock(start=now, speed=3600)}
    made, _ = maker(_never, clock=clocks[clock], timeout=timedelta(milliseconds=30))

    with anyio.fail_after(5):
        result = await made.decide(context(), now, CallLog())

    assert (result.status, result.error) == ("model_timeout", "no answer within 0.03 s")
    assert result.latency_s >= 0.03


async def test_a_fast_clock_leaves_the_model_its_real_time(maker, context, now):
    async def slow(request):
        await anyio.lowlevel.checkpoint()
        with anyio.move_on_after(0.05):
            await anyio.sleep_forever()
        return Completion(model="m", decisions=(HOLD,))

    # At 3600x the 10 s deadline passes after 3 ms of real time.
    fast = ScaledClock(start=now, speed=3600)
    made, _ = maker(slow, clock=fast, timeout=timedelta(seconds=10))

    assert (await made.decide(context(), now, CallLog())).status == "ok"


async def test_on_a_lockstep_clock_speed_of_the_machine_does_not_matter(maker, context, now):
    async def slow(request):
        with anyio.move_on_after(0.05):
            await anyio.sleep_forever()
        return Completion(model="m", decisions=(HOLD,))

    made, _ = maker(slow, timeout=timedelta(milliseconds=1), grace=STANDING.model_grace)

    assert (await made.decide(context(), now, CallLog())).status == "ok"


async def test_a_model_that_hangs_on_a_lockstep_clock_is_given_up(maker, context, now):
    made, _ = maker(_never, timeout=timedelta(milliseconds=1), grace=0.02)

    with anyio.fail_after(60):
        result = await made.decide(context(), now, CallLog())

    assert (result.status, result.error) == ("model_timeout", "no answer within 0 s")


async def test_cancellation_passes_through(maker, context, now):
    made, _ = maker(_never)

    with anyio.move_on_after(0.02) as scope:
        await made.decide(context(), now, CallLog())

    assert scope.cancelled_caught


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"ages": {"BTC": None, "ETH": None}}, "no_data", "no market data for BTC, ETH"),
        (
            {"ages": {"BTC": timedelta(minutes=6), "ETH": None}},
            "stale_data",
            "0:06:00 old, at most 0:05:00",
        ),
        ({"equity": Decimal("NaN")}, "unreadable_equity", "equity is NaN"),
    ],
)
async def test_without_data_or_equity_no_model_is_asked(
    maker, context, now, changes, status, error
):
    made, backend = maker((HOLD,))

    result = await made.decide(context(**changes), now, CallLog())

    assert result.status == status
    assert error in result.error
    assert backend.requests == []


async def test_old_data_of_one_coin_stops_only_its_entries(maker, context, now):
    btc = ENTRY
    eth = ENTRY | {
        "symbol": "ETH",
        "entry_price": 4000,
        "stop_loss": 3900,
        "take_profit": 4500,
    }
    made, _ = maker(json.dumps([btc, eth]))

    result = await made.decide(context(ages={"BTC": timedelta(minutes=6)}), now, CallLog())

    assert [[v.code for v in j.verdicts] for j in result.judgements] == [["stale_data"], []]
    assert [a.decision.symbol for a in result.approved] == ["ETH"]


async def _never(request):
    await anyio.sleep_forever()


WRONG = [
    (None, "no Completion"),
    ({"text": "[]"}, "no Completion"),
    (Completion(model="m", text=b"[]"), "text is"),
    (Completion(model=None, text="[]"), "model is"),
    (
        Completion(model="m", text="[]", usage=Usage(prompt_tokens=1.5)),
        "usage.prompt_tokens is 1.5",
    ),
    (Completion(model="m", text="[]", usage=Usage(cost_usd=0.1)), "usage.cost_usd is 0.1 (float)"),
    (Completion(model="m", decisions="hold"), "decisions is"),
    *(
        (Completion(model="m", decisions=(attrs.evolve(HOLD, **{name: value}),)), name)
        for name in ("position_size_usd", "entry_price", "stop_loss", "take_profit", "risk_usd")
        for value in (1000.0, 1000, "1000", Decimal("NaN"))
    ),
    (Completion(model="m", decisions=(attrs.evolve(HOLD, confidence=float("nan")),)), "confidence"),
    (Completion(model="m", decisions=(attrs.evolve(HOLD, leverage=2.5),)), "leverage is 2.5"),
    (Completion(model="m", decisions=(attrs.evolve(HOLD, signal="hold"),)), "signal is"),
]


@pytest.mark.parametrize(("said", "words"), WRONG)
async def test_a_backend_that_answers_with_wrong_types_ends_that_cycle_only(
    maker, context, now, said, words
):
    async def answer(_):
        return said

    made, _ = maker(answer)
    result = await made.decide(context(), now, CallLog())
    assert result.status == "invalid_output"
    assert words in result.error
    assert (result.approved, result.judgements) == ((), ())


async def test_a_call_of_wrong_types_ends_the_cycle_and_is_not_recorded(maker, context, now):
    good = ModelCall(model="m", outcome=CallOutcome.ANSWERED)

    async def answer(request):
        request.calls.add(good)
        request.calls.add(attrs.evolve(good, usage=Usage(cost_usd=0.5)))
        return Completion(model="m", text="[]")

    made, _ = maker(answer)
    calls = CallLog()
    result = await made.decide(context(), now, calls)
    assert result.status == "invalid_output"
    assert "usage.cost_usd is 0.5 (float), not a Decimal" in result.error
    assert made.read(calls).calls == (good,)
