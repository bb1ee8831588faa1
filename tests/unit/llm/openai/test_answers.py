"""What is asked, and what becomes of the answer, over real HTTP."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from llm_server import HOLD, Say

from nof0_core.answers.parsing import parse
from nof0_core.errors import InvalidOutputError, LLMError

pytestmark = pytest.mark.anyio

USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 200,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 150},
}


@pytest.mark.parametrize("mode", ["tools", "json_schema", "json", "md_json"])
async def test_each_mode_asks_in_its_own_way_and_keeps_the_raw_text(desk, llm_server, mode):
    async with desk() as made:
        answer = await made.ask(mode=mode)
    (call,) = llm_server.calls
    assert answer.text == HOLD
    assert [d.signal for d in parse(answer.text).decisions] == ["hold"]
    assert (call["model"], call["temperature"]) == ("vendor/gpt", 0.5)
    assert call["max_completion_tokens"] == 1000
    schema = {
        "tools": lambda: call["tools"][0]["function"]["parameters"],
        "json_schema": lambda: call["response_format"]["json_schema"]["schema"],
        "json": lambda: json.loads(
            call["messages"][0]["content"].split(":\n", 1)[1].rsplit("}", 1)[0] + "}"
        ),
        "md_json": lambda: json.loads(
            call["messages"][0]["content"].split(":\n", 1)[1].rsplit("}", 1)[0] + "}"
        ),
    }[mode]()
    decision = schema["properties"]["decisions"]["items"]
    assert decision["properties"]["symbol"]["enum"] == ["BTC"]
    assert decision["properties"]["confidence"]["maximum"] == 100
    assert decision["additionalProperties"] is False
    assert ("tools" in call) is (mode == "tools")


async def test_an_answer_beside_the_forced_tool_is_taken_and_not_asked_for_again(desk, llm_server):
    llm_server.script = [Say(as_text=True, text=f"Here you are:\n```json\n{HOLD}\n```")]
    async with desk() as made:
        answer = await made.ask(mode="tools")
    assert llm_server.count == 1
    assert parse(answer.text).decisions[0].symbol == "BTC"


async def test_usage_and_cost_come_from_the_endpoint_and_the_price_table(desk, llm_server):
    llm_server.script = [Say(usage=USAGE)]
    async with desk() as made:
        answer = await made.ask()
    usage = answer.usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (1000, 200)
    assert (usage.cached_tokens, usage.reasoning_tokens) == (400, 150)
    # 600 at 2, 400 at 1 and 200 at 10 USD per million.
    assert usage.cost_usd == Decimal("0.0036")


@pytest.mark.parametrize(
    ("told", "cached"),
    [
        pytest.param({"prompt_cache_hit_tokens": 400}, 400, id="DeepSeek's hits"),
        pytest.param(
            {"prompt_cache_hit_tokens": 400, "prompt_cache_miss_tokens": 600},
            400,
            id="hits and misses",
        ),
        pytest.param(
            {"prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": 1000}, 0, id="no hit"
        ),
        pytest.param(
            {"prompt_cache_hit_tokens": 400, "prompt_tokens_details": {"cached_tokens": 0}},
            400,
            id="beside an empty detail",
        ),
        pytest.param({"prompt_cache_hit_tokens": 4000}, 1000, id="never more than were read"),
        pytest.param({"prompt_cache_hit_tokens": "400"}, 0, id="not a number"),
    ],
)
async def test_cached_tokens_are_read_under_deepseeks_names_too(desk, llm_server, told, cached):
    llm_server.script = [Say(usage={"prompt_tokens": 1000, "completion_tokens": 200} | told)]
    async with desk() as made:
        answer = await made.ask()
    assert answer.usage.cached_tokens == cached
    # What was read anew at 2, what was cached at 1, what was written at 10 USD per million.
    cost = (1000 - cached) * 2 + cached * 1 + 200 * 10
    assert answer.usage.cost_usd == Decimal(cost) / 1_000_000


async def test_without_a_count_the_most_it_can_be_is_booked(desk, llm_server):
    llm_server.script = [Say(usage=None)]
    async with desk() as made:
        request = made.request()
        await made.backend.complete(request)
    (call,) = request.calls
    assert call.is_estimate
    assert call.usage.completion_tokens == 1000
    assert call.usage.prompt_tokens > len(json.dumps(llm_server.calls[0])) / 3


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
async def test_thoughts_of_the_endpoint_are_kept(desk, llm_server, key):
    llm_server.script = [Say(message={key: "First I looked at the trend."})]
    async with desk() as made:
        answer = await made.ask()
    assert answer.chain_of_thought == "First I looked at the trend."


@pytest.mark.parametrize("mode", ["tools", "json_schema", "json", "md_json"])
async def test_an_unusable_answer_is_sent_back_once_with_the_reasons(desk, llm_server, mode):
    bad = '{"decisions": [{"signal": "sell_everything", "symbol": "BTC"}]}'
    llm_server.script = [Say(text=bad), Say()]
    async with desk() as made:
        request = made.request(mode=mode)
        answer = await made.backend.complete(request)
    assert llm_server.count == 2
    assert answer.text == HOLD
    assert answer.attempts == 2
    assert answer.usage.prompt_tokens == 200
    assert [c.outcome for c in request.calls] == ["unusable", "answered"]
    sent = llm_server.calls[1]["messages"]
    assert bad in json.dumps(sent).replace('\\\\"', '"').replace('\\"', '"')
    assert "signal must be one of" in sent[-1]["content"]


async def test_a_second_unusable_answer_ends_it(desk, llm_server):
    llm_server.script = [Say(text="no idea"), Say(text="still none")]
    async with desk() as made:
        request = made.request()
        with pytest.raises(InvalidOutputError) as caught:
            await made.backend.complete(request)
    assert llm_server.count == 2
    assert caught.value.output == "still none"
    assert sum(c.usage.prompt_tokens for c in request.calls) == 200


async def test_one_good_decision_is_enough_to_keep_an_answer(desk, llm_server):
    mixed = '[{"signal": "hold", "symbol": "BTC"}, {"signal": "what", "symbol": "BTC"}]'
    llm_server.script = [Say(text=mixed)]
    async with desk() as made:
        answer = await made.ask(mode="md_json")
    assert (llm_server.count, answer.text) == (1, mixed)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Say(finish="length"), id="cut off"),
        pytest.param(Say(finish="content_filter"), id="filtered"),
        pytest.param(Say(message={"refusal": "I would rather not."}), id="refused"),
    ],
)
async def test_what_asking_again_would_not_mend_is_not_asked_again(desk, llm_server, step):
    llm_server.script = [step]
    async with desk() as made:
        with pytest.raises(InvalidOutputError):
            await made.ask()
    assert llm_server.count == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x00\xff garbage", id="bytes"),
        pytest.param(b"[1, 2, 3]", id="list"),
        pytest.param(b'"words"', id="words"),
        pytest.param(b'{"choices": []}', id="no choices"),
        pytest.param(b'{"choices": [{"index": 0}]}', id="no message"),
        pytest.param(b"", id="nothing"),
    ],
)
async def test_garbage_is_one_paid_call_and_an_error(desk, llm_server, body):
    llm_server.script = [Say(body=body)]
    async with desk() as made:
        request = made.request()
        with pytest.raises(LLMError):
            await made.backend.complete(request)
    assert llm_server.count == 1
    (call,) = request.calls
    assert call.outcome == "unusable"
    assert call.usage.cost_usd > 0


async def test_params_and_limits_reach_the_endpoint(desk, llm_server):
    from nof0_llm.openai.settings import OpenAIParams

    params = OpenAIParams(
        seed=7, top_k=20, reasoning_effort="low", presence_penalty=0.5, limit_key="max_tokens"
    )
    async with desk() as made:
        await made.ask(params=params, top_p=0.9, max_completion_tokens=None)
    (call,) = llm_server.calls
    assert {k: call[k] for k in ("seed", "top_k", "reasoning_effort", "presence_penalty")} == {
        "seed": 7,
        "top_k": 20,
        "reasoning_effort": "low",
        "presence_penalty": 0.5,
    }
    assert (call["top_p"], call["max_tokens"]) == (0.9, 4096)
    assert "max_completion_tokens" not in call
