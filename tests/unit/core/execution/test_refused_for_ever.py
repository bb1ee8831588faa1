"""What a venue refuses for ever is asked for ever more seldom, and what protects at once."""

from __future__ import annotations

from decimal import Decimal as D
from itertools import pairwise

import anyio
import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import Side, TriggerKind
from nof0_core.execution import flights, gateway, nets, spacing, tries
from nof0_core.execution.spacing import Spacing

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


class Clock:
    """What a module knows as `anyio`, with another time."""

    def __init__(self, current_time):
        self.current_time = current_time

    def __getattr__(self, name):
        return getattr(anyio, name)


def sent(scene, kind):
    """Return the exits of a kind that were sent."""
    triggers = [request.trigger for request in scene.venue.requests if request.trigger]
    return [trigger for trigger in triggers if trigger.kind is kind]


def resting_stops(scene):
    return [order.size for order in scene.resting() if order.trigger.kind is TriggerKind.STOP]


async def with_a_larger_stop(scene):
    """Let ann's stop stand for more than it holds, and the venue take no other."""
    await scene.open("ann")
    await scene.sync()
    scene.venue.refuse_stops = True
    scene.venue.trade_by_hand("BTC", Side.SELL, "0.004")
    await scene.sync()


async def test_a_stop_of_the_right_size_beside_a_larger_one_is_sent_ever_more_seldom(scene):
    await with_a_larger_stop(scene)
    assert scene.state.position("ann", "BTC").quantity == D("0.006")
    for _ in range(60):
        await scene.sync()
    # After 2, 4 and 8 syncs, then every 8, beside the first.
    assert 9 <= len(sent(scene, TriggerKind.STOP)) <= 12
    assert resting_stops(scene) == [D("0.01")]
    assert scene.alerts().count("stop_refused") == 0


async def test_it_stands_at_last_and_the_larger_one_goes(scene):
    await with_a_larger_stop(scene)
    for _ in range(5):
        await scene.sync()
    scene.venue.refuse_stops = False
    for _ in range(8):
        await scene.sync()
    assert resting_stops(scene) == [D("0.006")]


async def test_once_the_larger_one_is_gone_nothing_waits(scene):
    await with_a_larger_stop(scene)
    for _ in range(30):
        await scene.sync()
    scene.venue.refuse_stops = False
    for order in scene.resting():
        await scene.venue.cancel([order.client_id])
    await scene.sync()
    assert resting_stops(scene) == [D("0.006")]


async def test_once_it_is_gone_and_none_is_taken_the_position_is_closed_at_once(scene):
    await with_a_larger_stop(scene)
    for _ in range(30):
        await scene.sync()
    for order in scene.resting():
        await scene.venue.cancel([order.client_id])
    before = len(sent(scene, TriggerKind.STOP))
    await scene.sync()
    assert len(sent(scene, TriggerKind.STOP)) == before + 2
    assert scene.state.position("ann", "BTC") is None
    assert "stop_refused" in scene.alerts()


async def test_a_target_that_is_taken_and_lost_at_once_is_sent_ever_more_seldom(scene):
    await scene.open("ann")
    for _ in range(60):
        for order in scene.resting():
            if order.trigger.kind is TriggerKind.TARGET:
                await scene.venue.cancel([order.client_id])
        await scene.sync()
    assert 5 <= len(sent(scene, TriggerKind.TARGET)) <= 8
    assert resting_stops(scene) == [D("0.01")]


async def test_a_close_that_nothing_protects_is_tried_at_every_sync(scene):
    scene.venue.refuse_stops = scene.venue.refuse_closes = True
    await scene.open("ann")
    before = len(scene.venue.requests)
    for _ in range(30):
        await scene.sync()
    assert len(scene.venue.requests) >= before + 30
    assert sorted(scene.alerts()) == ["close_failing", "stop_refused"]
    scene.venue.refuse_closes = False
    await scene.sync()
    assert scene.venue.sizes["BTC"] == 0


@pytest.mark.parametrize("left_by", ["close", "opposed", "resized"])
async def test_a_cancel_that_is_refused_is_sent_ever_more_seldom(scene, left_by):
    await scene.open("ann")
    await scene.sync()
    scene.venue.refuse_cancels = True
    if left_by == "close":
        await scene.trade("ann", CLOSE)
    elif left_by == "opposed":
        await scene.open("bob", Signal.SELL_TO_ENTER)
    else:
        scene.venue.trade_by_hand("BTC", Side.SELL, "0.004")
    for _ in range(60):
        await scene.execution.guard(scene.quotes())
        await scene.sync()
    tries = {client_id: scene.venue.cancels.count(client_id) for client_id in scene.venue.cancels}
    assert len(tries) == 2
    # At once, and after 1, 2, 4, 8, 16 and 32 syncs.
    assert all(5 <= count <= 8 for count in tries.values()), tries
    scene.venue.refuse_cancels = False
    for _ in range(60):
        await scene.sync()
    assert not [i for i in scene.resting() if i.client_id in tries]


def test_where_time_runs_the_distance_between_tries_doubles_up_to_a_minute(monkeypatch):
    now = 0
    monkeypatch.setattr(spacing, "anyio", Clock(lambda: now))
    spaced, found = Spacing(by_round=False, longest=60), []
    for now in range(364):
        found += [now] * len(spaced.take(["0x1"]) + spaced.take(["0x1"]))
    gaps = [after - before for before, after in pairwise(found)]
    assert gaps == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


def test_what_came_to_something_is_tried_at_once_the_next_time():
    spaced = Spacing(by_round=True, longest=60)
    assert spaced.take("ab") == ["a", "b"]
    assert spaced.take("ab") == []
    spaced.forget("a")
    assert spaced.take("ab") == ["a"]
    spaced.forget_all_but("a")
    assert spaced.take("ab") == ["b"]


async def test_a_close_that_no_report_allows_asks_every_few_seconds(running, monkeypatch):
    """What is left of ann's position is less than the venue's smallest order, and is due."""
    now = 1_000_000.0
    await running.open("ann")
    await running.open("bob", Signal.SELL_TO_ENTER)
    running.venue.fill_ratio = D("0.9999")
    await running.execution.flatten(["ann"], running.quotes())
    await running.sync()
    running.venue.prices["BTC"] = D(98_500)
    report, asked = running.venue.report, []

    async def counted():
        asked.append(now)
        return await report()

    running.venue.report = counted
    for module in (spacing, tries, nets, flights, gateway):
        monkeypatch.setattr(module, "anyio", Clock(lambda: now))
    for _ in range(300):
        now += 1.1
        await running.execution.guard(running.quotes())
    assert running.state.position("ann", "BTC").quantity == D("0.00001")
    # Every 4 seconds; with each look it would be 300.
    assert 60 <= len(asked) <= 85
    assert running.alerts().count("cannot_close") == 1
    running.venue.prices["BTC"] = D(100_000)
    await running.trade("bob", CLOSE)
    running.venue.prices["BTC"] = D(98_500)
    await running.execution.guard(running.quotes())
    assert running.venue.sizes["BTC"] == 0


async def test_a_flatten_asks_for_each_cancel_once(scene):
    await scene.open("ann")
    await scene.open("bob")
    scene.venue.refuse_cancels = True
    await scene.sync()
    await scene.execution.flatten(["ann", "bob"], scene.quotes())
    assert len(scene.venue.cancels) == len(set(scene.venue.cancels)) == 4


async def test_orders_of_which_none_is_answered_are_one_alert(scene):
    await scene.open("ann")
    await scene.sync()
    scene.venue.lose_orders = True
    for _ in range(20):
        await scene.execution.flatten(["ann"], scene.quotes())
        await scene.sync()
    assert scene.alerts().count("outcome_unknown") == 1
    scene.venue.lose_orders = False
    await scene.execution.flatten(["ann"], scene.quotes())
    await scene.open("bob")
    scene.venue.lose_orders = True
    await scene.execution.flatten(["bob"], scene.quotes())
    assert scene.alerts().count("outcome_unknown") == 2
