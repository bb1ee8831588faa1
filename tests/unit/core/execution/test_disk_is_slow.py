"""On a clock of real time the disk works beside the engine: what may happen meanwhile."""

from __future__ import annotations

import shutil

import anyio
import pytest

from nof0_core.clock import pause
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderStatus
from nof0_core.errors import JournalError
from nof0_core.execution.limits import Limits

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


@pytest.fixture
async def live(running, gate):
    """The scene on such a clock, looked at once, with the disk in the way from now on."""
    await running.sync()
    running.recorder.commit()
    return running


async def test_no_order_leaves_before_its_intent_is_on_disk(live, gate):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(live.open, "ann")
        await gate.busy()
        assert live.state.open_orders("paper")
        assert live.venue.requests == []
        gate.open(100)
    assert live.state.position("ann", "BTC") is not None
    assert "2025-07-01.jsonl" in gate.trips[-1]


async def test_an_entry_does_not_leave_after_a_halt_that_came_meanwhile(live, gate):
    carried = []

    async def trade():
        carried.append(await live.open("ann"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trade)
        await gate.busy()
        live.refused = "halted"
        gate.open(100)
    (report,) = carried[0].orders
    assert report.outcome.status is OrderStatus.REJECTED
    assert report.outcome.reason == "entries are stopped: halted"
    assert live.venue.requests == []
    assert live.state.open_orders("paper") == ()


async def test_a_halt_that_comes_meanwhile_stops_no_close(live, gate):
    gate.open(100)
    await live.open("ann")
    live.refused = "halted"
    await live.trade("ann", CLOSE)
    assert live.state.position("ann", "BTC") is None


async def test_an_order_the_disk_kept_too_long_is_not_sent(live, gate):
    """Its time limit begins with the intent: sent later, it could outlive being given up."""
    live.execution._gateway.limits = Limits(place=0.05)
    carried = []

    async def trade():
        carried.append(await live.open("ann"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trade)
        await gate.busy()
        await pause(0.1)
        gate.open(100)
    (report,) = carried[0].orders
    assert report.outcome.status is OrderStatus.REJECTED
    assert "disk or venue took too long" in report.outcome.reason
    assert live.venue.requests == []


async def test_who_is_cancelled_meanwhile_finishes_what_was_begun(live, gate):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(live.open, "ann")
        await gate.busy()
        tasks.cancel_scope.cancel()
        gate.open(100)
    entry = live.venue.requests[0]
    assert live.state.order(entry.client_id).outcome.status is OrderStatus.FILLED


async def test_without_the_disk_nothing_leaves(live, gate):
    with pytest.RaisesGroup(pytest.RaisesExc(JournalError, match="start it again")):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live.open, "ann")
            await gate.busy()
            shutil.rmtree(live.root / "ann")
            gate.open(100)
    assert live.venue.requests == []
