"""Who answers where a model does not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import anyio
import attrs
import pytest

from nof0_core.clock import SystemClock, stopwatch
from nof0_core.decision import DecisionMaker
from nof0_core.domain.model import Completion, ModelCall, ModelSpec, Usage
from nof0_core.domain.vocabulary import CallOutcome, CycleStatus
from nof0_core.errors import (
    BudgetExceededError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
    TapeOverError,
)
from nof0_core.protocols.llm import CallLog
from nof0_core.risk.gate import RiskGate

pytestmark = pytest.mark.anyio

HOLD = '[{"signal": "hold", "symbol": "BTC"}]'


class Model:
    """Fails with an error, waits, or answers; notes a call that cost 1 USD if told to."""

    def __init__(self, outcome, *, notes=False, reads=True):
        self.outcome, self.notes, self.reads = outcome, notes, reads
        self.asked = 0

    async def complete(self, request):
        self.asked += 1
        if self.reads:
            assert request.prompt
        if self.notes:
            usage = Usage(prompt_tokens=10, cost_usd=Decimal(1))
            request.calls.add(
                ModelCall(model=request.model.name, outcome=CallOutcome.ANSWERED, usage=usage)
            )
        if callable(self.outcome):
            await self.outcome()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return Completion(model=request.model.name, text=HOLD)


@pytest.fixture
def chain(maker, prompts, now):
    def make(*models, clock=None, timeout=timedelta(seconds=60)):
        first, _ = maker("", timeout=timeout)
        named = [(ModelSpec(name=f"m{at}", backend="b"), m) for at, m in enumerate(models)]
        (spec, backend), *others = named
        return DecisionMaker(
            trader=attrs.evolve(first._trader, model=spec),
            backend=backend,
            gate=RiskGate(),
            prompts=prompts,
            clock=clock or first._clock,
            fallbacks=others,
        )

    return make


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(LLMError("the endpoint says 500"), id="refused"),
        pytest.param(ModelTimeoutError("no answer"), id="late"),
        pytest.param(BudgetExceededError("spent", scope="all"), id="spent"),
        pytest.param(RuntimeError("broken"), id="broken"),
    ],
)
async def test_the_next_one_answers_and_the_journal_can_say_why(
    chain, context, now, prompts, error
):
    first, second, third = Model(error), Model(None, notes=True), Model(None)
    calls = CallLog()
    done = await chain(first, second, third).decide(context(), now, calls)
    assert done.status is CycleStatus.OK
    assert done.completion.model == "m1"
    assert (first.asked, second.asked, third.asked) == (1, 1, 0)
    assert [(c.model, c.outcome) for c in calls][1] == ("m1", "answered")
    assert str(error) in next(iter(calls)).detail
    assert len(prompts.names) == 1, "the prompt is rendered once for all"


async def test_an_unusable_answer_is_an_answer(chain, context, now):
    first, second = Model(InvalidOutputError(["no JSON"])), Model(None)
    done = await chain(first, second).decide(context(), now, CallLog())
    assert done.status is CycleStatus.INVALID_OUTPUT
    assert second.asked == 0


async def test_where_all_fail_every_reason_is_given(chain, context, now):
    done = await chain(Model(LLMError("down")), Model(LLMError("away"))).decide(
        context(), now, CallLog()
    )
    assert done.status is CycleStatus.MODEL_ERROR
    assert done.error == "m0: down; m1: away"


async def test_a_spent_budget_is_the_reason_only_if_nothing_else_is(chain, context, now):
    spent = BudgetExceededError("spent", scope="all")
    assert (await chain(Model(spent)).decide(context(), now, CallLog())).status == "budget_exceeded"
    both = await chain(Model(spent), Model(spent)).decide(context(), now, CallLog())
    assert both.status == "budget_exceeded"
    mixed = await chain(Model(LLMError("down")), Model(spent)).decide(context(), now, CallLog())
    assert mixed.status == "model_error"


async def test_calls_of_a_question_that_was_cut_off_are_still_there(chain, context, now):
    made, calls = chain(Model(anyio.sleep_forever, notes=True), clock=SystemClock()), CallLog()
    with anyio.move_on_after(0.2):
        await made.decide(context(), now, calls)
    (call,) = calls
    assert call.usage.cost_usd == 1


async def test_a_silent_model_leaves_time_for_the_one_that_stands_in(chain, context, now):
    made = chain(
        Model(anyio.sleep_forever),
        Model(None, notes=True),
        clock=SystemClock(),
        timeout=timedelta(seconds=6),
    )
    calls = CallLog()
    done = await made.decide(context(), now, calls)
    assert (done.status, done.completion.model) == (CycleStatus.OK, "m1")
    assert next(iter(calls)).detail == "no answer within 4 s"


async def test_each_model_is_told_how_long_it_has(chain, context, now):
    made = chain(Model(LLMError("down")), Model(LLMError("away")), Model(LLMError("gone")))
    told = []
    for _, model in made._chain:

        async def complete(request, complete=model.complete):
            told.append(request.expires - stopwatch())
            return await complete(request)

        model.complete = complete
    await made.decide(context(), now, CallLog())
    assert [round(left) for left in told] == [40, 40, 60]


async def test_all_models_together_have_no_more_time_than_one(chain, context, now):
    silent = [Model(anyio.sleep_forever) for _ in range(2)]
    made = chain(*silent, clock=SystemClock(), timeout=timedelta(seconds=0.3))
    done = await made.decide(context(), now, CallLog())
    assert done.status is CycleStatus.MODEL_TIMEOUT
    assert [model.asked for model in silent] == [1, 1]


async def test_nobody_answers_where_a_tape_is_over(chain, context, now):
    stands_in = Model(None)
    deciding = chain(Model(TapeOverError("the tape is over")), stands_in)
    result = await deciding.decide(context(), now, CallLog())
    assert (result.status, result.error) == (CycleStatus.REPLAY_MISS, "the tape is over")
    assert stands_in.asked == 0
