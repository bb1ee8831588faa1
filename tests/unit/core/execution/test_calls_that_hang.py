"""What hangs is given up in time, and keeps nothing else from being done."""

from __future__ import annotations

from decimal import Decimal as D

import anyio
import pytest
from world.loop import live_in, now

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Signal
from nof0_core.domain.order import OrderPurpose, OrderRequest, Side, TriggerKind
from nof0_core.domain.position import MarginMode, ProtectionMode
from nof0_core.errors import OutcomeUnknownError, TransientError
from nof0_core.execution.gateway import Gateway
from nof0_core.ids import ClientOrderId
from nof0_core.protocols import Capability
from nof0_core.testing import samples
from nof0_core.testing.environment import START

ID = ClientOrderId("0x1")
REQUEST = OrderRequest(client_id=ID, symbol="BTC", side=Side.BUY, size=D(1), limit_price=D(100_000))
CALLS = {
    "report": (lambda g: g.report(), 10, TransientError),
    "fills": (lambda g: g.fills(START), 15, TransientError),
    "funding": (lambda g: g.funding(START), 15, TransientError),
    "order": (lambda g: g.order(REQUEST), 10, TransientError),
    "prove": (lambda g: g.prove(REQUEST), 30, TransientError),
    "set_leverage": (lambda g: g.set_leverage("BTC", 5, MarginMode.CROSS), 10, TransientError),
    "accept_marks": (lambda g: g.accept_marks({}), 15, TransientError),
    "place": (lambda g: g.place([], expires_at=None, within=20.0), 20, OutcomeUnknownError),
    "cancel": (lambda g: g.cancel([ID]), 4, OutcomeUnknownError),
}


class Clock(SimulatedClock):
    """One that runs by itself, as far as the engine can tell."""

    is_lockstep = False


class Silent:
    """A venue of which nothing ever answers."""

    capabilities = frozenset({Capability.FUNDING, Capability.PROOF, Capability.ACCEPTS_MARKS})

    def __getattr__(self, verb):
        if verb not in CALLS:
            raise AttributeError(verb)

        async def hang(*_, **__):
            await anyio.sleep_forever()

        return hang


@pytest.mark.parametrize("verb", CALLS)
def test_each_verb_is_given_up_at_its_limit_and_named(verb):
    ask, limit, error = CALLS[verb]

    async def call():
        gateway = Gateway(venue_account="paper", provider=Silent(), clock=Clock(START))
        with pytest.raises(error, match=f"{verb} was not answered in time"):
            await ask(gateway)
        return now()

    assert live_in(1, call) == limit


def holding(running):
    """Return the scene with a venue call `slow`: an entry is held until `holds` is set."""
    running.holds = anyio.Event()
    running.came = anyio.Event()
    place = running.venue.place

    async def slow(requests, *, expires_at):
        if requests[0].trigger is None and not requests[0].is_reduce_only:
            running.came.set()
            await running.holds.wait()
        return await place(requests, expires_at=expires_at)

    running.slow = slow
    return running


@pytest.mark.anyio
async def test_an_entry_under_way_keeps_nobody_elses_stop_waiting(running):
    """Neither a look at the venue nor a close waits for the order that hangs."""
    scene = holding(running)
    scene.venue.capabilities -= {Capability.TRIGGER_ORDERS}
    scene.restart()
    await scene.sync()
    await scene.open("ann")
    scene.venue.place = scene.slow
    eth = samples.decision(
        symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160)
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(scene.trade, "bob", eth)
        await scene.came.wait()
        # Where the order is nobody can say yet, which is no trouble; all else is read.
        assert await scene.execution.sync(scene.quotes()) == ()
        scene.venue.prices["BTC"] = D(98_500)
        await scene.execution.guard(scene.quotes())
        assert scene.venue.sizes["BTC"] == 0
        assert "ETH" not in scene.venue.sizes
        scene.holds.set()
    assert scene.venue.sizes["ETH"]


@pytest.mark.anyio
async def test_an_entry_that_arrives_while_it_is_asked_for_is_no_trouble(running):
    scene = holding(running)
    await scene.sync()
    scene.venue.place = scene.slow
    order = scene.venue.order

    async def too_early(client_id):
        found = await order(client_id)
        scene.holds.set()
        while scene.execution._orders.travelling:
            await anyio.lowlevel.checkpoint()
        return found

    scene.venue.order = too_early
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(scene.open, "ann")
        await scene.came.wait()
        assert await scene.execution.sync(scene.quotes()) == ()
    scene.assert_agrees()
    assert "sync_failed" not in scene.alerts()


@pytest.mark.anyio
async def test_who_is_cancelled_while_the_order_travels_leaves_it_with_its_stop(running):
    """As at the end of a run: the answer comes after the task was told to end."""
    scene = holding(running)
    await scene.sync()
    scene.venue.place = scene.slow
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(scene.open, "ann")
        await scene.came.wait()
        tasks.cancel_scope.cancel()
        scene.holds.set()
    stops = [o for o in scene.resting() if o.trigger.kind is TriggerKind.STOP]
    assert [o.size for o in stops] == [scene.venue.sizes["BTC"]]
    assert [p.quantity for p in scene.state.held("paper")] == [scene.venue.sizes["BTC"]]
    assert scene.execution.unprotected() == ()
    await scene.sync()
    assert scene.state.position("ann", "BTC") is not None
    scene.assert_agrees()


@pytest.mark.anyio
async def test_a_sync_that_hangs_keeps_no_close_from_leaving(running):
    scene = running
    await scene.open("ann")
    came = anyio.Event()

    async def hang(*_):
        came.set()
        await anyio.sleep_forever()

    scene.venue.report = scene.venue.fills = hang
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(scene.execution.sync, scene.quotes())
        await came.wait()
        await scene.execution.close("ann", "BTC", scene.quotes(), OrderPurpose.FLATTEN)
        assert scene.venue.sizes["BTC"] == 0
        tasks.cancel_scope.cancel()


@pytest.mark.anyio
async def test_who_has_waited_to_take_exits_away_looks_again_whether_they_must_go(running):
    scene = running
    await scene.open("ann")
    asked, came, holds = [], anyio.Event(), anyio.Event()
    cancel = scene.venue.cancel

    async def slow(client_ids):
        asked.append(client_ids)
        came.set()
        await holds.wait()
        return await cancel(client_ids)

    scene.venue.cancel = slow
    async with anyio.create_task_group() as tasks:
        # Opposite sides: the engine takes the exit orders away and watches the mark itself.
        tasks.start_soon(scene.open, "bob", Signal.SELL_TO_ENTER)
        await came.wait()
        for _ in range(3):
            tasks.start_soon(scene.execution.guard, scene.quotes())
        await anyio.wait_all_tasks_blocked()
        holds.set()
    assert len(asked) == 1
    assert scene.resting() == []
    assert scene.state.position("ann", "BTC").protection is ProtectionMode.ENGINE
