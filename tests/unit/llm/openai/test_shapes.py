"""Answers in the shapes that servers and models give them, over real HTTP."""

from __future__ import annotations

import json

import pytest
from llm_server import HOLD, Say, streamed

from nof0_core.answers import parse
from nof0_core.errors import InvalidOutputError

pytestmark = pytest.mark.anyio
EVENTS = {"content-type": "text/event-stream"}


def said(signal, symbol):
    return {"decisions": [{"signal": signal, "symbol": symbol}]}


def calls(*given, name="decide"):
    listed = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": each}}
        for n, each in enumerate(given)
    ]
    return {"content": None, "tool_calls": listed}


HELD = json.dumps(said("hold", "BTC"))
WRITTEN = json.dumps({"name": "decide", "arguments": said("hold", "BTC")})
FOREIGN = calls('{"query": "news"}', name="web_search")["tool_calls"]


def read(answer):
    return [(d.signal, d.symbol) for d in parse(answer.text).decisions]


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        pytest.param(
            calls(HELD, json.dumps(said("close", "SOL"))),
            [("hold", "BTC"), ("close", "SOL")],
            id="a call for each coin",
        ),
        pytest.param(calls(HELD, HELD), [("hold", "BTC")], id="one call twice"),
        pytest.param(calls(said("hold", "BTC")), [("hold", "BTC")], id="arguments as an object"),
        pytest.param(calls(json.dumps(HELD)), [("hold", "BTC")], id="arguments encoded twice"),
        pytest.param(
            {"content": None, "tool_calls": [*FOREIGN, *calls(HELD)["tool_calls"]]},
            [("hold", "BTC")],
            id="another tool first",
        ),
        pytest.param(
            {
                "content": f"<tool_call>{WRITTEN}</tool_call>",
                "tool_calls": None,
            },
            [("hold", "BTC")],
            id="a call as text",
        ),
        pytest.param(
            {
                "content": None,
                "tool_calls": None,
                "function_call": {"name": "decide", "arguments": HELD},
            },
            [("hold", "BTC")],
            id="the old form",
        ),
        pytest.param(
            {
                "tool_calls": None,
                "content": [
                    {
                        "type": "thinking",
                        "thinking": [{"type": "text", "text": json.dumps(said("close", "BTC"))}],
                    },
                    {"type": "text", "text": HELD},
                ],
            },
            [("hold", "BTC")],
            id="blocks",
        ),
    ],
)
async def test_every_shape_of_an_answer_is_read(desk, llm_server, message, wanted):
    llm_server.script = [Say(message=message)]
    async with desk() as made:
        answer = await made.ask(mode="tools")
    assert read(answer) == wanted
    assert llm_server.count == 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        pytest.param(
            Say(message={"content": "", "tool_calls": FOREIGN}), "not offered", id="foreign alone"
        ),
        pytest.param(Say(message=calls(HELD, "")), "no arguments", id="an empty call"),
        pytest.param(
            Say(message=calls(HELD, json.dumps(said("close", "BTC")))), "differ on", id="at odds"
        ),
        pytest.param(
            Say(message=calls(HELD) | {"content": json.dumps(said("close", "BTC"))}),
            "text and call",
            id="text beside a call",
        ),
        pytest.param(
            Say(message={"content": [{"type": "image", "url": "x"}], "tool_calls": None}),
            "of the kind 'image'",
            id="an odd block",
        ),
        pytest.param(
            Say(message={"content": [{"type": "reasoning", "text": HELD}], "tool_calls": None}),
            "reasoning",
            id="thought alone in blocks",
        ),
        pytest.param(
            Say(message={"content": "", "tool_calls": None, "reasoning_content": HELD}),
            "in the reasoning.* another mode .*llm.yaml",
            id="thought alone",
        ),
        pytest.param(
            Say(message={"content": None, "tool_calls": None}, finish="MALFORMED_FUNCTION_CALL"),
            "finish_reason malformed_function_call",
            id="a damaged call",
        ),
    ],
)
async def test_what_is_no_answer_is_named_and_sent_back_once(desk, llm_server, step, words):
    llm_server.default = step
    async with desk() as made:
        with pytest.raises(InvalidOutputError, match=words) as caught:
            await made.ask(mode="tools")
    assert llm_server.count == 2
    assert words.split()[0] not in ("in", "reasoning") or caught.value.thought == HELD


async def test_a_repair_names_all_faults_and_brings_thoughts_back_with_a_call(desk, llm_server):
    bad = {"signal": "buy_to_enter", "symbol": "BTC", "leverage": "3x", "confidence": "85%"}
    llm_server.script = [
        Say(message=calls(json.dumps([bad])) | {"reasoning_content": "long"}),
        Say(),
    ]
    async with desk() as made:
        await made.ask(mode="tools")
    *_, turn, told = llm_server.calls[1]["messages"]
    assert (turn["role"], turn["reasoning_content"]) == ("assistant", "long")
    assert (told["role"], told["tool_call_id"]) == ("tool", turn["tool_calls"][0]["id"])
    for key in ("leverage", "position_size_usd", "entry_price", "confidence"):
        assert key in told["content"]


@pytest.mark.parametrize("mode", ["tools", "json_schema", "md_json"])
async def test_a_turn_that_says_nothing_is_not_sent_back(desk, llm_server, mode):
    empty = {"content": "", "tool_calls": None, "reasoning_content": "hm"}
    llm_server.script = [Say(message=empty), Say()]
    async with desk() as made:
        await made.ask(mode=mode)
    sent = llm_server.calls[1]["messages"]
    assert [m["role"] for m in sent] == ["system", "user"]
    assert "the answer is empty" in sent[-1]["content"]


@pytest.mark.parametrize("mode", ["tools", "json_schema", "md_json"])
@pytest.mark.parametrize("asked", [True, False])
async def test_a_stream_says_what_an_answer_in_one_piece_says(desk, llm_server, mode, asked):
    from nof0_llm.openai.settings import OpenAIParams

    step = Say(message={"reasoning_content": "I looked at the trend."})
    llm_server.default = lambda body: Say(body=streamed(body, step), headers=EVENTS)
    async with desk() as made:
        request = made.request(mode=mode, params=OpenAIParams(stream=asked))
        answer = await made.backend.complete(request)
    assert (answer.text, answer.chain_of_thought) == (HOLD, "I looked at the trend.")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (100, 20)
    (call,) = llm_server.calls
    assert call.get("stream_options") == ({"include_usage": True} if asked else None)


async def test_a_stream_without_counts_is_an_estimate_by_what_came(desk, llm_server):
    llm_server.default = lambda body: Say(body=streamed(body, Say(usage=None)), headers=EVENTS)
    async with desk() as made:
        request = made.request(max_completion_tokens=100_000)
        await made.backend.complete(request)
    (call,) = request.calls
    assert call.is_estimate
    assert len(HOLD) <= call.usage.completion_tokens < 1000


async def test_a_stream_that_breaks_off_is_no_answer_however_whole_it_looks(desk, llm_server):
    def cut(body):
        data = streamed(body, Say()).split(b"data: ")
        ends = next(n for n, part in enumerate(data) if b"finish_reason" in part)
        return b"data: ".join(data[:ends])

    llm_server.script = []
    answers = iter([True, False])
    llm_server.default = lambda body: Say(
        body=cut(body) if next(answers) else streamed(body, Say()), headers=EVENTS
    )
    async with desk() as made:
        request = made.request()
        await made.backend.complete(request)
    lost, _ = request.calls
    assert (lost.outcome, lost.is_estimate, lost.detail) == (
        "unknown",
        True,
        "the stream broke off",
    )
