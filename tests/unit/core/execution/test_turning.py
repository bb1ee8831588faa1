"""An entry that follows a close of its coin leaves once that is filled, and only then."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderStatus, Side
from nof0_core.errors import TransientError
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")
SHORT = samples.decision(Signal.SELL_TO_ENTER)


def stops_and_targets(scene):
    return {order.side for order in scene.resting()}


@pytest.mark.parametrize("signal", [Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER])
async def test_a_position_is_turned_round_in_one_go(scene, signal):
    await scene.open("ann")
    first = scene.state.position("ann", "BTC")
    carried = await scene.trade("ann", CLOSE, samples.decision(signal))

    assert [report.status for report in carried.orders] == [OrderStatus.FILLED] * 2
    assert len(carried.fills) == 2
    assert carried.trouble == ""
    now = scene.state.position("ann", "BTC")
    assert now.opened_seq > first.opened_seq
    assert (now.quantity > 0) == (signal is Signal.BUY_TO_ENTER)
    # What protected the old one is gone, the new one has its own.
    assert {order.size for order in scene.resting()} == {abs(now.quantity)}
    assert len(scene.resting()) == 2
    assert stops_and_targets(scene) == {Side.SELL if now.quantity > 0 else Side.BUY}
    assert [trade.reason for trade in scene.state.trades("ann")] == ["close"]
    scene.assert_agrees()


async def test_the_exits_of_the_old_position_are_gone_before_the_entry_leaves(scene):
    await scene.open("ann")
    placed, seen = scene.venue.place, []

    async def place(requests, *, expires_at):
        if not requests[0].is_reduce_only:
            seen.append(scene.resting())
        return await placed(requests, expires_at=expires_at)

    scene.venue.place = place
    await scene.trade("ann", CLOSE, SHORT)

    assert seen == [[]]


@pytest.mark.parametrize("filled", [0, "0.4"])
async def test_what_was_not_closed_whole_is_not_turned_round(scene, filled):
    await scene.open("ann")
    held = scene.state.position("ann", "BTC").quantity
    approved = scene.approve("ann", CLOSE, SHORT)
    scene.venue.fill_ratio = D(filled)
    carried = await scene.execution.submit(approved, scene.quotes())
    scene.venue.fill_ratio = D(1)

    left = scene.state.position("ann", "BTC")
    assert left.quantity == held - D(filled) * held
    assert "already has a position" in carried.orders[0].why
    await scene.sync()
    assert {order.size for order in scene.resting()} == {left.quantity}
    scene.assert_agrees()


async def test_a_close_nobody_knows_the_outcome_of_is_not_followed(scene):
    await scene.open("ann")
    approved = scene.approve("ann", CLOSE, SHORT)
    scene.venue.lose_orders = True
    await scene.execution.submit(approved, scene.quotes())
    scene.venue.lose_orders = False

    assert [request.side for request in scene.venue.requests if request.trigger is None] == [
        Side.BUY
    ]
    assert scene.state.position("ann", "BTC").quantity > 0
    scene.assert_agrees()


async def test_nothing_follows_while_an_exit_of_the_old_position_stands(scene):
    await scene.open("ann")

    async def cancel(client_ids):
        raise TransientError("the venue is away")

    told, scene.venue.cancel = scene.venue.cancel, cancel
    carried = await scene.trade("ann", CLOSE, SHORT)
    scene.venue.cancel = told

    assert scene.state.position("ann", "BTC") is None
    assert "exit" in carried.orders[0].why
    await scene.sync()
    assert scene.resting() == []
    scene.assert_agrees()


async def test_a_halt_in_between_stops_the_entry_and_not_the_close(scene):
    await scene.open("ann")
    approved = scene.approve("ann", CLOSE, SHORT)
    scene.refused = "halted"
    carried = await scene.execution.submit(approved, scene.quotes())

    assert scene.state.position("ann", "BTC") is None
    assert "halted" in carried.orders[0].why
    assert scene.resting() == []
    scene.assert_agrees()


async def test_one_trader_turns_round_beside_another(scene):
    await scene.open("ann")
    await scene.open("bob")
    await scene.trade("ann", CLOSE, SHORT)

    anns, bobs = (scene.state.position(trader, "BTC").quantity for trader in ("ann", "bob"))
    assert anns < 0 < bobs
    assert scene.venue.sizes["BTC"] == anns + bobs
    scene.assert_agrees()


async def test_it_turns_round_where_time_runs_by_itself(running):
    await running.open("ann")
    await running.trade("ann", CLOSE, SHORT)

    now = running.state.position("ann", "BTC")
    assert now.quantity < 0
    assert {order.size for order in running.resting()} == {abs(now.quantity)}
    running.assert_agrees()
