"""Traders that ask at the same time share a budget, whoever asks first."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import anyio
import attrs
import pytest
from llm_server import LlmServer, Say

from nof0_core.clock import stopwatch
from nof0_core.domain.model import DailyBudget, Message, ModelPrice, ModelSpec, Prompt
from nof0_core.errors import BudgetExceededError
from nof0_core.protocols.llm import CompletionRequest
from nof0_core.spending.budget import ModelBudget
from nof0_core.spending.open_calls import OpenCalls
from nof0_core.testing import samples
from nof0_core.testing.environment import env
from nof0_llm.openai.settings import OpenAIConfig, OpenAIParams
from nof0_llm.plugin import OPENAI

pytestmark = pytest.mark.anyio

TRADERS = [f"t{number}" for number in range(12)]
MODEL = ModelSpec(
    name="gpt",
    backend="openai",
    model_name="v/gpt",
    max_completion_tokens=1000,
    price=ModelPrice(input=Decimal(0), output=Decimal(10)),
    params=OpenAIParams(),
)
WORST = Decimal("0.01")
"""What 1000 tokens cost, in USD; an answer of the endpoint has 20 of them."""


def question(trader, clock):
    context = samples.context()
    messages = (Message(role="user", content="BTC?"),)
    return CompletionRequest(
        trader=trader,
        cycle=context.cycle,
        model=MODEL,
        context=context,
        schema={"type": "object"},
        deadline=clock.now() + timedelta(minutes=1),
        render=lambda: Prompt(messages=messages, digest="", versions={}),
        expires=stopwatch() + 60,
    )


async def test_together_they_never_hold_more_than_there_is(tmp_path):
    refused = []

    async def secured():
        return 0

    notes = OpenCalls(tmp_path / "open_calls", secured)
    with LlmServer(default=Say(after=0.3)) as server:
        config = OpenAIConfig(base_url=server.url, api_key="none")
        async with env() as made:
            budget = ModelBudget(
                clock=made.clock,
                total=DailyBudget(usd=5 * WORST),
                traders={},
                models={},
                alert_pct=Decimal(80),
                alarm=lambda *_, **__: None,
                keep=notes.begin,
            )
            around = attrs.evolve(made, budget=budget)

            async def one(backend, trader):
                try:
                    await backend.complete(question(trader, made.clock))
                except BudgetExceededError:
                    refused.append(trader)

            async with OPENAI.open(config, around) as backend, anyio.create_task_group() as tasks:
                for trader in TRADERS:
                    tasks.start_soon(one, backend, trader)
        assert server.count == 5
    assert refused == TRADERS[5:]
    assert budget.left("t0", MODEL).usd == 5 * (WORST - 20 * MODEL.price.output / 1_000_000)
    # None of it is in a journal: the next run would count it.
    lost = list(notes.lost({}))
    assert [each.trader for each in lost] == TRADERS[:5]
    assert {call.is_estimate for each in lost for call in each.calls} == {False}
