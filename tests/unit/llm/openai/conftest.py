"""An opened backend that talks to the local endpoint."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core.answers.schema import answer_schema
from nof0_core.clock import stopwatch
from nof0_core.domain.model import DailyBudget, Message, ModelPrice, ModelSpec, Prompt
from nof0_core.protocols.llm import CompletionRequest
from nof0_core.spending.budget import ModelBudget
from nof0_core.testing import samples
from nof0_core.testing.environment import START, Lines, env
from nof0_llm.openai.settings import OpenAIConfig, OpenAIParams
from nof0_llm.plugin import OPENAI

KEY = "sk-marker-4711-never-shown"
PRICE = ModelPrice(input=Decimal(2), output=Decimal(10), cached_input=Decimal(1))


def model(**changes):
    return attrs.evolve(
        ModelSpec(
            name="gpt",
            backend="openai",
            provider="openai",
            model_name="vendor/gpt",
            temperature=0.5,
            max_completion_tokens=1000,
            price=PRICE,
            params=OpenAIParams(),
        ),
        **changes,
    )


class Bench:
    """A backend and the requests one can make of it."""

    def __init__(self, backend, surroundings, log):
        self.backend = backend
        self.env = surroundings
        self.lines = log.lines

    def request(self, *, within=20.0, content="BTC stands at 100000 USD.", **changes):
        context = samples.context()
        messages = (
            Message(role="system", content="Trade with care."),
            Message(role="user", content=content),
        )
        return CompletionRequest(
            trader=context.trader,
            cycle=context.cycle,
            model=model(**changes),
            context=context,
            schema=answer_schema(context.symbols),
            deadline=self.env.clock.now() + timedelta(seconds=within),
            render=lambda: Prompt(messages=messages, digest="0" * 64, versions={}),
            expires=stopwatch() + within,
        )

    async def ask(self, **changes):
        return await self.backend.complete(self.request(**changes))


async def unkept(*_):
    return lambda _usage: None


def no_budget(clock, alarm=lambda *_, **__: None, **limits):
    none = {"total": DailyBudget(), "traders": {}, "models": {}}
    return ModelBudget(
        clock=clock,
        alert_pct=Decimal(80),
        alarm=alarm,
        keep=unkept,
        **(none | limits),
    )


@pytest.fixture
def desk(llm_server):
    """Open a backend on the local endpoint; `limits` are those of `ModelBudget`."""

    @asynccontextmanager
    async def opened(*, limits=None, alarm=lambda *_, **__: None, **settings):
        config = OpenAIConfig(base_url=llm_server.url, api_key=KEY, **settings)
        log = Lines()
        async with env(log=log) as made:
            around = attrs.evolve(made, budget=no_budget(made.clock, alarm, **(limits or {})))
            async with OPENAI.open(config, around) as backend:
                yield Bench(backend, around, log)

    return opened


@pytest.fixture
def start():
    return START
