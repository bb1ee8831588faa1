"""Errors wherever an endpoint puts them, and refusals of the form of a call."""

from __future__ import annotations

import json

import pytest
from llm_server import HOLD, Say, streamed

from nof0_core.errors import LLMError
from nof0_llm.openai.settings import OpenAIParams

pytestmark = pytest.mark.anyio


def body(value):
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"error": {"message": "busy now", "code": 429}}, id="an object"),
        pytest.param({"choices": None, "error": {"message": "busy now", "code": "503"}}, id="null"),
        pytest.param(
            {"choices": [], "error": {"message": "busy now", "type": "server_error"}}, id="type"
        ),
        pytest.param({"error": "busy now, try again"}, id="a text"),
        pytest.param({"code": 500, "message": "busy now"}, id="flat"),
        pytest.param(
            {"choices": [{"error": {"message": "busy now", "code": 502}}]}, id="in the choice"
        ),
        pytest.param(
            {"base_resp": {"status_code": 529, "status_msg": "busy now"}}, id="status_msg"
        ),
    ],
)
async def test_an_error_that_may_pass_inside_a_200_is_free_and_asked_again(
    desk, llm_server, answer
):
    llm_server.script = [Say(body=body(answer)), Say()]
    async with desk() as made:
        request = made.request()
        await made.backend.complete(request)
    first, second = request.calls
    assert (first.outcome, first.usage.tokens) == ("refused", 0)
    assert "busy now" in first.detail
    assert second.outcome == "answered"


async def test_an_error_after_words_or_with_counts_is_paid(desk, llm_server):
    counted = {
        "error": {"message": "x", "code": 400},
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }
    half = {"message": {"content": "I would"}, "error": {"message": "lost", "code": 502}}
    for answer, tokens in ((counted, 10), ({"choices": [half]}, None)):
        llm_server.script = [Say(body=body(answer))]
        async with desk(max_retries=0) as made:
            request = made.request()
            with pytest.raises(LLMError):
                await made.backend.complete(request)
        (call,) = request.calls
        assert call.usage.cost_usd > 0
        assert tokens is None or call.usage.tokens == tokens


@pytest.mark.parametrize(
    "answer",
    [
        {"detail": "no pictures here"},
        {"detail": [{"loc": ["body", "x"], "msg": "no pictures here"}]},
        {"errors": [{"message": "no pictures here"}]},
        {"success": False, "error_msg": "no pictures here", "error_code": 17},
        {
            "error": {
                "message": "outer",
                "metadata": {"raw": '{"error":{"message":"no pictures here"}}'},
            }
        },
        {"error": "no pictures here"},
        [{"error": {"message": "no pictures here"}}],
    ],
)
@pytest.mark.parametrize("status", [400, 200])
async def test_the_endpoints_words_are_told_wherever_they_stand(desk, llm_server, answer, status):
    # A list is no answer of the protocol: as a refusal alone it has words.
    status = 400 if isinstance(answer, list) else status
    llm_server.script = [Say(status=status, body=body(answer))]
    async with desk() as made:
        with pytest.raises(LLMError, match="no pictures here"):
            await made.ask()
    assert llm_server.count == 1


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
async def test_money_that_is_used_up_does_not_come_by_waiting(desk, llm_server, code):
    llm_server.default = Say(status=429, body=body({"error": {"message": "no", "code": code}}))
    async with desk() as made:
        with pytest.raises(LLMError, match="429: no"):
            await made.ask()
    assert llm_server.count == 1


def refusing(is_wrong, words, status=400, **inner):
    """Refuse calls that are wrong, answer all others."""

    def reply(asked):
        if is_wrong(asked):
            return Say(status=status, body=body({"error": {"message": words, **inner}}))
        if asked.get("stream"):
            return Say(body=streamed(asked, Say()), headers={"content-type": "text/event-stream"})
        return Say()

    return reply


FORMS = [
    pytest.param(
        {}, lambda a: a.get("temperature") not in (None, 1), "temperature 1 only",
        "take temperature out of models.gpt", id="temperature",
    ),
    pytest.param(
        {"top_p": 0.9}, lambda a: "top_p" in a, "cannot be set", "take top_p out", id="by param",
    ),
    pytest.param(
        {"params": OpenAIParams(seed=3)}, lambda a: "seed" in a, "seed: extra inputs",
        "take params.seed out", id="a parameter",
    ),
    pytest.param(
        {}, lambda a: "max_completion_tokens" in a, "max_completion_tokens: not permitted",
        "params.limit_key: max_tokens", id="the limit's name",
    ),
    pytest.param(
        {"params": OpenAIParams(limit_key="max_tokens")}, lambda a: "max_tokens" in a,
        "max_tokens is unsupported, use 'max_completion_tokens' instead",
        "params.limit_key: max_completion_tokens", id="the limit's older name",
    ),
    pytest.param(
        {"max_completion_tokens": 16384},
        lambda a: a.get("max_completion_tokens", 0) > 8192, "the limit must lie in 1 to 8192",
        "max_completion_tokens: 8192", id="too high a limit",
    ),
    pytest.param(
        {}, lambda a: not a.get("stream"), "set stream to true", "params.stream: true",
        id="streams",
    ),
    pytest.param(
        {"params": OpenAIParams(stream=True)}, lambda a: a.get("stream"), "no streaming here",
        "params.stream: false", id="does not stream",
    ),
    pytest.param(
        {}, lambda a: "tool_choice" in a, "tool_choice is not taken while thinking",
        "mode: md_json", id="a forced tool",
    ),
    pytest.param(
        {"mode": "json_schema"}, lambda a: "response_format" in a, "response_format unavailable",
        "mode: md_json", id="response_format",
    ),
    pytest.param(
        {}, lambda a: "exclusiveMinimum" in json.dumps(a.get("tools")), "unknown exclusiveMinimum",
        "mode: md_json", id="a keyword of the schema",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "is_wrong", "words", "advice"), FORMS)
@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_form_names_its_key_and_is_not_used_again(
    desk, llm_server, entry, is_wrong, words, advice, status
):
    inner = {"param": "top_p"} if "cannot be set" in words else {}
    llm_server.default = refusing(is_wrong, words, status, **inner)
    async with desk() as made:
        first, second = made.request(**entry), made.request(**entry)
        assert (await made.backend.complete(first)).text == HOLD
        assert (await made.backend.complete(second)).text == HOLD
        (line,) = made.lines
    refused, answered = first.calls
    assert (refused.outcome, refused.usage.tokens) == ("refused", 0)
    assert advice in refused.detail
    assert "llm.yaml" in refused.detail
    assert (answered.outcome, len(second.calls)) == ("answered", 1)
    assert advice in line[2]["advice"]


async def test_a_refusal_that_no_form_helps_names_where_the_form_is_set(desk, llm_server):
    llm_server.default = Say(status=400, body=body({"detail": "tools and JSON are not allowed"}))
    async with desk() as made:
        request = made.request()
        with pytest.raises(LLMError, match=r"mode, params, .*llm\.yaml"):
            await made.backend.complete(request)
    assert llm_server.count < 6
    assert all(call.usage.tokens == 0 for call in request.calls)


async def test_a_limit_is_never_raised(desk, llm_server):
    llm_server.default = Say(status=400, body=body({"detail": "max tokens: at least 20000"}))
    async with desk() as made:
        with pytest.raises(LLMError):
            await made.ask(max_completion_tokens=1000)
    assert llm_server.count == 1
