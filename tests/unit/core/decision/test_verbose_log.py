"""`VerboseLLM`: one log line per question, with all that was said and no secret."""

from __future__ import annotations

import json

import pytest

from nof0_core.domain.model import Completion, Message, ModelCall, Prompt
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import LLMError
from nof0_core.protocols.llm import CallLog
from nof0_core.redaction import MARK, Redactor
from nof0_core.runtime.logs import logging_to

pytestmark = pytest.mark.anyio

SECRET = "correct-horse-battery"  # noqa: S105 - invented
KEY = "sk-proj-abcdefghijklmnop1234"
HOLD = json.dumps(
    {"chain_of_thought": "Enough.", "decisions": [{"signal": "hold", "symbol": "BTC"}]}
)


def prompt_of(text):
    messages = (Message(role="system", content="You trade."), Message(role="user", content=text))
    return Prompt(messages=messages, digest="d1", versions={})


@pytest.fixture
def logged(maker, context, now, prompts, tmp_path):
    """Ask once; returns the lines of the log file."""

    async def ask(answer, *, is_verbose=True, text="decide"):
        prompts.render = lambda _, *, trader_name: prompt_of(f"{trader_name}: {text}")

        async def reply(request):
            assert request.prompt.digest == "d1"
            request.calls.add(
                ModelCall(model="m", outcome=CallOutcome.ANSWERED, detail=f"key {SECRET}")
            )
            if isinstance(answer, Exception):
                raise answer
            return Completion(model="m", text=answer)

        file = tmp_path / "nof0.log"
        with logging_to(file, is_verbose=False, redactor=Redactor([SECRET])) as make:
            made, _ = maker(reply, verbose=make("executor") if is_verbose else None)
            await made.decide(context(), now, CallLog())
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    return ask


async def test_a_question_is_one_line_with_all_that_was_said(logged):
    (line,) = await logged(HOLD)

    assert {k: line[k] for k in ("event", "level", "part")} == {
        "event": "model asked",
        "level": "info",
        "part": "executor",
    }
    assert (line["trader"], line["cycle"], line["model"]) == ("alpha", "cycle-1", "m")
    assert (line["status"], line["error"], line["prompt_digest"]) == ("ok", "", "d1")
    assert line["prompt"] == [
        {"role": "system", "content": "You trade."},
        {"role": "user", "content": "Alpha: decide"},
    ]
    assert line["answer"] == HOLD
    assert line["chain_of_thought"] == "Enough."
    assert line["calls"] == [{"model": "m", "outcome": "answered", "detail": f"key {MARK}"}]


async def test_a_question_without_an_answer_is_a_line_too(logged):
    (line,) = await logged(LLMError("the endpoint said no"))

    assert (line["status"], line["error"]) == ("model_error", "the endpoint said no")
    assert (line["answer"], line["model"]) == (None, None)
    assert line["prompt"][1]["content"] == "Alpha: decide"


async def test_nothing_in_the_line_is_a_secret_wherever_it_was_said(logged):
    told = HOLD.replace("Enough.", f"I was given {SECRET} and {KEY}.")
    (line,) = await logged(told, text=f"api_key={SECRET}")

    written = json.dumps(line)
    assert SECRET not in written
    assert KEY not in written
    assert line["chain_of_thought"] == f"I was given {MARK} and {MARK}."
    assert line["prompt"][1]["content"] == f"Alpha: api_key={MARK}"


async def test_nothing_is_logged_unless_it_was_asked_for(logged):
    assert await logged(HOLD, is_verbose=False) == []
