"""Questions and entries of a tape."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from nof0_core.domain.model import Completion, Message, ModelCall, ModelSpec, Prompt, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.tape.entry import Entry

SCHEMA = {"type": "object", "properties": {"signal": {"enum": ["hold"]}}}


@pytest.fixture
def ask(context):
    """Make a request whose user message is given."""

    def make(
        text="BTC stands at 100 USD.", *, system="Trade.", schema=SCHEMA, trader="alpha", **spec
    ):
        messages = (Message(role="system", content=system), Message(role="user", content=text))
        model = ModelSpec(**{"name": "gpt", "backend": "taped", "model_name": "one"} | spec)
        seen = context(trader=trader)
        return CompletionRequest(
            trader=trader,
            cycle=seen.cycle,
            model=model,
            context=seen,
            schema=schema,
            deadline=seen.time + timedelta(seconds=30),
            render=lambda: Prompt(messages=messages, digest="", versions={}),
        )

    return make


@pytest.fixture
def entry():
    """Make an entry for a question named by a letter."""

    def make(letter="a", **more):
        usage = Usage(prompt_tokens=10, completion_tokens=2)
        values = {
            "digest": letter * 64,
            "model": {"name": "gpt"},
            "parameters": {},
            "schema": "",
            "messages": (Message(role="user", content=f"question {letter}"),),
            "calls": (ModelCall(model="gpt", outcome=CallOutcome.ANSWERED, usage=usage),),
        }
        if "failure" not in more:
            values["completion"] = Completion(model="gpt", text=f"answer to {letter}")
        return Entry(**values | more)

    return make


@pytest.fixture
def answered():
    """Return an entry with another answer."""

    def change(entry, text):
        return attrs.evolve(entry, completion=Completion(model="gpt", text=text))

    return change
