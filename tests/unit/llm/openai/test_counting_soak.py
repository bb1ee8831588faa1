"""What is booked is never below what the endpoint counted, whatever goes wrong beside it.

`NOF0_COUNTS=all` asks 1,000 times, the suite 60 times; each seed makes the same faults everywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
from decimal import Decimal

import pytest
from llm_server import HOLD, Say, completion, streamed

from nof0_core.domain.model import ModelPrice
from nof0_core.errors import LLMError

pytestmark = pytest.mark.anyio

PRICE = ModelPrice(input=Decimal(2), output=Decimal(10))
SEEDS = range(1000 if os.environ.get("NOF0_COUNTS") == "all" else 60)
EVENTS = {"content-type": "text/event-stream"}
TEXTS = (
    HOLD,
    "",
    "no idea",
    f"<think>{HOLD}</think>nothing",
    f"[THINK]{HOLD}",
    json.dumps(HOLD),
    '[{"signal": "buy_to_enter", "symbol": "BTC", "leverage": "3x"}]',
)
MESSAGES = (
    {},
    {"reasoning_content": HOLD},
    {"content": None, "tool_calls": None},
    {"content": [{"type": "thinking", "thinking": HOLD}], "tool_calls": None},
    {"tool_calls": [{"function": {"name": "web_search", "arguments": "{}"}}]},
    {"tool_calls": [{"function": {"name": "decide", "arguments": {"decisions": []}}}]},
    {"refusal": "no"},
)


def counts(chance: random.Random) -> tuple[dict, int, int, int]:
    """Make an endpoint's counts, and the least of prompt, completion and both that they say."""
    read, written, thought = chance.randrange(1, 9000), chance.randrange(1, 5000), 0
    told: dict = {"prompt_tokens": read, "completion_tokens": written}
    total = read + written
    if chance.random() < 0.4:
        thought = chance.randrange(1, 9000)
        told["completion_tokens_details"] = {"reasoning_tokens": thought}
        total += thought
    if chance.random() < 0.6:
        told["total_tokens"] = total
    for key in ("prompt_tokens", "completion_tokens"):
        if chance.random() < 0.15:
            del told[key]
    # A call without a count of one kind took at least one token of it.
    least = told.get("prompt_tokens", 1), max(told.get("completion_tokens", 1), thought)
    return told, *least, max(told.get("total_tokens", 0), sum(least))


def fault(chance: random.Random, body: dict) -> tuple[Say, tuple[int, int, int]]:
    """Return a reply, and the least tokens it counts: (0, 0, 0) where it counts nothing."""
    told, *least = counts(chance)
    step = Say(
        text=chance.choice(TEXTS),
        message=chance.choice(MESSAGES),
        finish=chance.choice(["", "stop", "length", "malformed_function_call", "error"]),
        usage=told,
        as_text=chance.random() < 0.5,
    )
    error = {"message": "busy", "code": chance.choice([400, 429, 502, "x", None])}
    kind = chance.randrange(8)
    if kind == 0:
        return Say(status=chance.choice([400, 429, 500]), body=b'{"detail": "no"}'), (0, 0, 0)
    if kind == 1:
        return Say(body=json.dumps({"error": error, "choices": None}).encode()), (0, 0, 0)
    if kind == 2:
        whole = completion(body, step) | {"error": error}
        return Say(body=json.dumps(whole).encode()), tuple(least)
    if kind == 3 and not isinstance(step.message.get("content"), list):
        plain = Say(text=step.text, usage=told, as_text=step.as_text, finish=step.finish)
        return Say(body=streamed(body, plain, 40), headers=EVENTS), tuple(least)
    if kind == 4:
        return Say(body=json.dumps({"error": error, "usage": told}).encode()), tuple(least)
    return step, tuple(least)


async def test_nothing_is_booked_below_what_was_counted(desk, llm_server):
    async with desk(max_retries=0, log_level="error") as made:
        for seed in SEEDS:
            chance = random.Random(seed)
            told: list[tuple[int, int, int]] = []

            def reply(body, chance=chance, told=told):
                step, least = fault(chance, body)
                told.append(least)
                return step

            llm_server.default = reply
            mode = chance.choice(["tools", "json_schema", "json", "md_json"])
            request = made.request(mode=mode, price=PRICE)
            with contextlib.suppress(LLMError):
                await made.backend.complete(request)
            calls = list(request.calls)
            assert len(calls) == len(told), seed
            for call, (read, written, both) in zip(calls, told, strict=True):
                usage = call.usage
                assert usage.prompt_tokens >= read, (seed, call)
                assert usage.completion_tokens >= written, (seed, call)
                assert usage.tokens >= both, (seed, call)
                least = Decimal(read) * PRICE.input + Decimal(written) * PRICE.output
                assert usage.cost_usd * 1_000_000 >= least, (seed, call)
