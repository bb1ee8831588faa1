"""What models took stands in exactly one cycle record, wherever the cycle ends."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.context import Performance
from nof0_core.domain.feedback import Feedback
from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import TransientError
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.trader import Trader

pytestmark = pytest.mark.anyio

USAGE = Usage(prompt_tokens=100, completion_tokens=10)
ENTRY = (
    '[{"signal": "buy_to_enter", "symbol": "BTC", "leverage": 2, "position_size_usd": 400,'
    ' "entry_price": 100000, "stop_loss": 98000, "take_profit": 110000, "risk_usd": 10,'
    ' "confidence": 90, "invalidation_condition": "none", "reasoning": "because"}]'
)


async def answer(request):
    request.calls.append(ModelCall(model="m", outcome=CallOutcome.ANSWERED, usage=USAGE))
    return Completion(model="m", text=ENTRY, usage=USAGE)


class Surroundings:
    """Everything a cycle meets; `broken` names what fails in it."""

    def __init__(self, context):
        seen = context()
        self.broken = ""
        self.records = []
        self.clock = SimulatedClock(seen.time)
        self.log = None
        self.state = SimpleNamespace(
            started_at=lambda _: seen.time, cycles=lambda _: 0, past=lambda _: Feedback()
        )
        self.instruments = seen.instruments
        self.seen = seen

    def _fail(self, what):
        if self.broken == what:
            message = f"{what} is away"
            raise TransientError(message)

    def record(self, stream, body, *, took=0.0):
        if body.type == "cycle":
            self.records.append(body)

    async def moment(self, symbols):
        self._fail("market")
        return SimpleNamespace(time=None, digest="d", record={}, snapshots=self.seen.snapshots)

    async def submit(self, approved, quotes):
        self._fail("exchange")
        return SimpleNamespace(orders=(), fills=())

    async def refresh(self, venue_account, symbols=()):
        self._fail("quotes")

    def account(self, trader):
        return self.seen.account

    def performance(self, trader, account):
        return Performance()

    def left(self, trader, model):
        return SimpleNamespace(usd=None, tokens=None)


@pytest.fixture
def around(context):
    return Surroundings(context)


@pytest.fixture
def cycle(around, maker):
    """Run one cycle as the engine does."""
    made, _ = maker(answer, clock=around.clock)
    trader = Trader(config=made._trader, maker=made)
    runner = CycleRunner(
        recorder=around,
        feeds={"recorded": around},
        executions={"paper": around},
        portfolio=around,
        brakes=SimpleNamespace(evaluate=lambda *_: None, state=lambda *_: around.seen.brakes),
        budget=around,
    )

    async def run():
        try:
            return await runner.run(trader, around.seen.time)
        except TransientError as error:
            runner.record_failure(trader, around.seen.time, "provider_error", str(error))

    return run


async def test_a_cycle_says_what_its_calls_took(around, cycle):
    assert (await cycle()).status == "ok"
    (record,) = around.records
    assert [call.usage for call in record.calls] == [USAGE]
    assert record.judgements[0].is_approved, "no order: the test shows nothing"


@pytest.mark.parametrize("broken", ["quotes", "exchange"])
async def test_a_cycle_that_fails_after_the_answer_says_so_too(around, cycle, broken):
    around.broken = broken
    await cycle()
    (record,) = around.records
    assert record.status == "provider_error"
    assert [call.usage for call in record.calls] == [USAGE]
    assert record.usage == USAGE


async def test_the_next_cycle_does_not_count_it_again(around, cycle):
    for around.broken in ("", "market", "exchange", "market", ""):
        await cycle()
    assert [len(record.calls) for record in around.records] == [1, 0, 1, 0, 1]
