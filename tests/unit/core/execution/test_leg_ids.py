"""Ids of the orders that protect and close a position: one each, however long it is held."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import Side, TriggerKind
from nof0_core.execution import leg_ids
from nof0_core.execution.leg_ids import next_id
from nof0_core.state.order_register import REMEMBERED

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")
LONG_AFTER = REMEMBERED + timedelta(days=1)


def stop_ids(scene):
    """Return the ids of the stops of ann's long position, oldest first."""
    return [
        request.client_id
        for request in scene.venue.requests
        if request.trigger is not None
        and request.trigger.kind is TriggerKind.STOP
        and request.side is Side.SELL
    ]


async def stand_against(scene):
    """Let bob hold the other side of the coin for a moment, so that ann's exits go and come."""
    await scene.open("bob", Signal.SELL_TO_ENTER)
    await scene.sync()
    await scene.trade("bob", CLOSE)
    await scene.sync()


async def test_a_stop_placed_again_weeks_later_is_not_one_of_the_first_days(scene):
    await scene.open("ann")
    for _ in range(3):
        await stand_against(scene)
        await scene.clock.sleep_until(scene.clock.now() + LONG_AFTER)
        await scene.sync()
    given = stop_ids(scene)
    assert len(given) == 4
    assert len(set(given)) == 4
    assert scene.state.position("ann", "BTC") is not None
    assert given[-1] in [order.client_id for order in scene.resting()]


async def test_ids_go_on_after_a_restart(scene):
    await scene.open("ann")
    await stand_against(scene)
    scene.restart()
    await stand_against(scene)
    scene.restart()
    await scene.clock.sleep_until(scene.clock.now() + LONG_AFTER)
    await stand_against(scene)
    given = stop_ids(scene)
    assert len(given) == len(set(given)) == 4


async def test_the_next_id_takes_as_much_work_after_many_as_after_one(scene, monkeypatch):
    await scene.open("ann")
    scene.venue.fill_ratio = 0
    made = []
    derive = leg_ids.client_order_id
    monkeypatch.setattr(
        leg_ids, "client_order_id", lambda *parts: made.append(parts) or derive(*parts)
    )
    work = []
    for _ in range(20):
        made.clear()
        await scene.execution.flatten(["ann"], scene.quotes())
        await scene.sync()
        work.append(len(made))
    assert set(work) == {1}


async def test_an_id_is_the_same_until_an_order_of_it_is_written_down(scene):
    await scene.open("ann")
    position = scene.state.position("ann", "BTC")

    def following(skip=0):
        return next_id(scene.recorder, "ann", position, "stop", skip=skip)

    first, second = following(), following(skip=1)
    assert first != second
    scene.restart()
    assert (following(), following(skip=1)) == (first, second)
    scene.venue.orders.clear()
    await scene.sync()
    assert stop_ids(scene)[-1] == first
    assert following() not in stop_ids(scene)
