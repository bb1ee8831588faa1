"""A cycle loses nothing of what was decided, and counts once, wherever it ends."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import anyio
import anyio.lowlevel
import pytest

from nof0_core.calls import CallsUnderWay
from nof0_core.clock import SimulatedClock
from nof0_core.domain.context import Performance
from nof0_core.domain.event import OrderAnswered, OrderIntended
from nof0_core.domain.model import Completion, Message, ModelCall, Usage
from nof0_core.domain.order import OrderPurpose, OrderRequest, OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import EndOfDataError, JournalError, ReplayMissError, TransientError
from nof0_core.execution.reports import ExecutionReport
from nof0_core.ids import client_order_id, cycle_id
from nof0_core.journal import Journal
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.cycle_end import end_interrupted
from nof0_core.manager.held import HeldCycles
from nof0_core.manager.trader import Trader
from nof0_core.protocols.llm import CallLog
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.anyio

USAGE = Usage(prompt_tokens=100, completion_tokens=10)
ENTRY = (
    '[{"signal": "buy_to_enter", "symbol": "BTC", "leverage": 2, "position_size_usd": 400,'
    ' "entry_price": 100000, "stop_loss": 98000, "take_profit": 110000, "risk_usd": 10,'
    ' "confidence": 90, "invalidation_condition": "none", "reasoning": "because"}]'
)


class Surroundings:
    """Everything a cycle meets; `broken` names what fails in it."""

    def __init__(self, context):
        seen = context()
        self.broken = self.trouble = ""
        self.text = ENTRY
        self.before_failing = lambda: None
        self.while_asked = lambda request: None
        self.clock = SimulatedClock(seen.time)
        self.instruments = seen.instruments
        self.seen = seen

    def _fail(self, what):
        if self.broken == what:
            message = f"{what} is away"
            raise TransientError(message)

    async def moment(self, symbols, *, indicators="", with_books=False):
        self._fail("market")
        return SimpleNamespace(time=None, digest="d", entries=(), snapshots=self.seen.snapshots)

    async def answer(self, request):
        assert request.prompt is not None
        request.calls.add(ModelCall(model="m", outcome=CallOutcome.ANSWERED, usage=USAGE))
        self.while_asked(request)
        return Completion(model="m", text=self.text, usage=USAGE)

    async def submit(self, approved, quotes):
        self.before_failing()
        await anyio.lowlevel.checkpoint()
        self._fail("exchange")
        return ExecutionReport(trouble=self.trouble)

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
def recorder(around, tmp_path):
    with Journal.open(tmp_path) as journal:
        yield Recorder(
            events=journal,
            durability=Durability.BUFFER,
            state=EngineState(),
            clock=around.clock,
            log=Lines(),
        )


@pytest.fixture
def records(recorder):
    """Collect the cycles as readers get them."""
    found = []

    def note(event):
        if event.body.type == "cycle":
            found.append(event.body)

    recorder.listeners.append(note)
    return found


@pytest.fixture
def cycle(around, maker, recorder):
    """Run one cycle as the engine does."""
    made, _ = maker(around.answer, clock=around.clock)
    trader = Trader(config=made._trader, maker=made)
    runner = CycleRunner(
        recorder=recorder,
        feeds={"recorded": around},
        executions={"paper": around},
        portfolio=around,
        brakes=SimpleNamespace(evaluate=lambda *_: None, state=lambda *_: around.seen.brakes),
        budget=around,
        held=HeldCycles(recorder),
        stages=CallsUnderWay("cycles"),
    )

    async def run():
        calls = CallLog()
        try:
            return await runner.run(trader, around.seen.time, calls)
        except (TransientError, ReplayMissError) as error:
            runner.record_failure(trader, around.seen.time, calls, "provider_error", str(error))

    return run


async def test_a_cycle_says_what_its_calls_took(around, cycle, records):
    assert (await cycle()).status == "ok"
    (record,) = records
    assert [call.usage for call in record.calls] == [USAGE]
    assert record.judgements[0].is_approved, "no order: the test shows nothing"


async def test_a_market_that_could_not_be_recorded_is_recorded_by_the_next_who_sees_it(
    cycle, recorder, monkeypatch
):
    def away(*_, **__):
        message = "the journal is away"
        raise TransientError(message)

    with monkeypatch.context() as patch:
        patch.setattr(recorder.events, "append", away)
        with pytest.raises(TransientError):
            await cycle()
    events = []
    recorder.listeners.append(events.append)
    await cycle()
    await cycle()
    assert [event.body.type for event in events].count("market") == 1


@pytest.mark.parametrize("broken", ["quotes", "exchange"])
async def test_a_cycle_that_fails_after_the_answer_says_so_too(around, cycle, records, broken):
    around.broken = broken
    await cycle()
    (record,) = records
    assert record.status == "provider_error"
    assert [call.usage for call in record.calls] == [USAGE]
    assert record.usage == USAGE


async def test_a_question_that_is_cut_off_says_what_its_calls_took(around, cycle, records):
    def fail(_):
        message = "the recording ends"
        raise ReplayMissError(message)

    around.while_asked = fail
    await cycle()
    (record,) = records
    assert record.status == "provider_error"
    assert [call.usage for call in record.calls] == [USAGE]
    assert record.usage == USAGE


async def test_junk_among_the_calls_ends_that_cycle_alone_and_hides_no_cost(around, cycle, records):
    around.while_asked = lambda request: request.calls.add({"model": "m", "usd": 3})
    await cycle()
    around.while_asked = lambda request: None
    await cycle()
    first, second = records
    assert (first.status, second.status) == ("invalid_output", "ok")
    assert "the backend's calls" in first.error
    assert not first.judgements
    assert [record.usage for record in records] == [USAGE, USAGE]


async def test_calls_added_after_the_end_reach_no_record(around, cycle, records):
    logs = []
    around.while_asked = lambda request: logs.append(request.calls)
    await cycle()
    logs[0].add(ModelCall(model="m", outcome=CallOutcome.ANSWERED, usage=USAGE))
    await cycle()
    assert [len(record.calls) for record in records] == [1, 1]


async def test_the_next_cycle_does_not_count_it_again(around, cycle, records):
    for around.broken in ("", "market", "exchange", "market", ""):
        await cycle()
    assert [len(record.calls) for record in records] == [1, 0, 1, 0, 1]


async def test_trouble_with_an_order_is_told_and_the_cycle_stays_ok(around, cycle, records):
    around.trouble = "the stop was refused"
    await cycle()
    (record,) = records
    assert (record.status, record.error) == ("ok", "the stop was refused")


def written(recorder):
    recorder.commit()
    return [e for e in recorder.events.read() if e.body.type in ("decided", "cycle")]


async def test_the_decision_is_recorded_before_it_is_carried_out(around, cycle, recorder):
    seen = []
    around.before_failing = lambda: seen.extend(e.body.type for e in written(recorder))
    around.broken = "exchange"
    await cycle()
    decided, ended = written(recorder)
    assert seen == ["decided"]
    assert (decided.body.type, ended.body.decided) == ("decided", decided.seq)
    assert (decided.body.answer, ended.body.answer) == (ENTRY, "")
    assert [call.usage for call in decided.body.calls] == [USAGE]
    assert (ended.body.calls, ended.body.usage, ended.body.messages) == ((), Usage(), None)


async def test_what_was_not_sent_says_why(around, cycle, records):
    around.broken = "exchange"
    await cycle()
    ((order,),) = [record.orders for record in records]
    assert (order.purpose, order.symbol, order.request) == ("open", "BTC", None)
    assert order.reason == "not sent: exchange is away"


async def test_a_cycle_that_orders_nothing_is_one_record(around, cycle, recorder):
    around.text = ENTRY.replace('"confidence": 90', '"confidence": 1')
    await cycle()
    (ended,) = written(recorder)
    assert (ended.body.type, ended.body.answer) == ("cycle", around.text)
    assert [call.usage for call in ended.body.calls] == [USAGE]
    assert ended.body.decided is None


def intent(cycle):
    request = OrderRequest(
        client_id=client_order_id("alpha", cycle, "BTC", OrderPurpose.OPEN),
        symbol="BTC",
        side=Side.BUY,
        size=Decimal("0.004"),
        limit_price=Decimal(100_500),
    )
    return OrderIntended(
        trader="alpha",
        venue_account="paper",
        cycle=cycle,
        purpose=OrderPurpose.OPEN,
        request=request,
    )


@pytest.mark.parametrize("is_answered", [True, False])
async def test_what_raises_after_sending_loses_neither_answer_nor_orders(
    around, cycle, recorder, records, is_answered
):
    order = intent(cycle_id("alpha", around.seen.time))
    client_id = order.request.client_id
    answered = OrderOutcome(client_id=client_id, status=OrderStatus.FILLED, venue_order_id="7")

    def send():
        recorder.record("alpha", order)
        if is_answered:
            body = OrderAnswered(
                trader="alpha", venue_account="paper", symbol="BTC", outcome=answered
            )
            recorder.record("alpha", body)

    around.before_failing, around.broken = send, "exchange"
    await cycle()

    (record,) = records
    (report,) = record.orders
    assert (record.status, record.error) == ("provider_error", "exchange is away")
    assert (record.answer, record.messages) == (ENTRY, (Message(role="user", content="decide"),))
    assert record.judgements[0].is_approved
    assert report.request == order.request
    assert report.status == ("filled" if is_answered else "unknown")
    assert recorder.state.past("alpha").answer is not None
    assert recorder.state.open_decisions == ()


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (ZeroDivisionError("why"), "internal_error", "ZeroDivisionError: why"),
        (ExceptionGroup("two", [ValueError("one")]), "internal_error", "ExceptionGroup: two"),
        (EndOfDataError("no bar"), "interrupted", "no bar"),
        (SystemExit(3), "interrupted", "the engine was stopped"),
    ],
)
async def test_whatever_carrying_out_raises_the_cycle_ends_once_and_it_passes_through(
    around, cycle, recorder, records, error, status, sentence
):
    def fail():
        raise error

    around.before_failing = fail
    with pytest.raises(type(error)):
        await cycle()
    (record,) = records
    assert record.status == status
    assert record.error.startswith(sentence)
    assert record.answer == ENTRY


async def test_a_cycle_that_is_cancelled_while_it_orders_is_interrupted(around, cycle, records):
    with anyio.CancelScope() as scope:
        around.before_failing = scope.cancel
        await cycle()
    (record,) = records
    assert (record.status, record.answer) == ("interrupted", ENTRY)
    assert record.error == "the engine was stopped"


async def test_what_cannot_be_written_down_ends_at_the_next_start(around, cycle, recorder, records):
    def fail():
        raise JournalError("the disk is full")

    around.before_failing = fail
    with pytest.raises(JournalError):
        await cycle()
    assert records == []

    end_interrupted(recorder)
    end_interrupted(recorder)

    (record,) = records
    assert (record.status, record.answer) == ("interrupted", ENTRY)
    assert [e.body.type for e in written(recorder)] == ["decided", "cycle"]
