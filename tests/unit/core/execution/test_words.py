"""What the engine does with each word a venue has, and without it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import anyio
import pytest

from nof0_core.domain.order import OrderStatus, TriggerKind
from nof0_core.errors import OutcomeUnknownError
from nof0_core.execution import orders
from nof0_core.execution.orders import CLOCKS_DIFFER, EXPIRES_AFTER
from nof0_core.protocols import Capability
from nof0_core.testing import samples
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


def give(scene, *words, **methods):
    """Let the venue have words and the methods they stand for."""
    body = {"capabilities": scene.venue.capabilities | set(words)} | methods
    scene.venue.__class__ = type("Venue", (type(scene.venue),), body)
    scene.restart()


async def lose(scene):
    """Send an entry that never arrives; returns its report."""
    scene.venue.lose_orders = True
    carried = await scene.open("ann")
    scene.venue.lose_orders = False
    return carried.orders[0]


async def test_an_order_may_be_under_way_until_the_venue_has_not_known_it_often_and_long_enough(
    running, monkeypatch
):
    real = [anyio.current_time()]
    monkeypatch.setattr(orders.anyio, "current_time", lambda: real[0])
    sent = await lose(running)
    assert sent.status is OrderStatus.UNKNOWN
    # It was asked for once when it was sent, and is again at each look.
    for seconds, is_open in ((30, True), (29, True), (2, False)):
        real[0] += seconds
        await running.sync()
        assert bool(running.state.open_orders("paper")) is is_open, real
    assert running.venue.requests == []


async def test_long_enough_alone_is_not_often_enough(running, monkeypatch):
    real = [anyio.current_time()]
    monkeypatch.setattr(orders.anyio, "current_time", lambda: real[0])
    await lose(running)
    real[0] += 3600
    await running.sync()
    assert running.state.open_orders("paper")


async def test_without_expiry_none_is_asked_for(running):
    seen = []
    place = type(running.venue).place

    async def watched(self, requests, *, expires_at):
        seen.append(expires_at)
        return await place(self, requests, expires_at=expires_at)

    give(running, place=watched)
    await running.open("ann")
    assert set(seen) == {None}


async def test_an_order_that_expired_is_dead_once_no_clock_can_be_that_far_behind(running):
    seen = []
    place = type(running.venue).place

    async def watched(self, requests, *, expires_at):
        seen.append(expires_at)
        return await place(self, requests, expires_at=expires_at)

    give(running, Capability.EXPIRY, place=watched)
    assert (await lose(running)).status is OrderStatus.UNKNOWN
    assert seen == [START + EXPIRES_AFTER]
    running.clock.moment = START + EXPIRES_AFTER + CLOCKS_DIFFER
    await running.sync()
    assert running.state.open_orders("paper")
    running.clock.moment += timedelta(milliseconds=1)
    await running.sync()
    assert not running.state.open_orders("paper")


async def test_a_clock_that_was_set_back_keeps_no_expired_order_alive(running, monkeypatch):
    real = [anyio.current_time()]
    monkeypatch.setattr(orders.anyio, "current_time", lambda: real[0])
    give(running, Capability.EXPIRY)
    assert (await lose(running)).status is OrderStatus.UNKNOWN
    running.clock.moment = START - timedelta(hours=1)
    for seconds, is_open in ((30, True), (29, True), (2, False)):
        real[0] += seconds
        await running.sync()
        assert bool(running.state.open_orders("paper")) is is_open, real


async def test_proof_settles_at_once_what_became_of_an_order(running):
    async def prove(self, client_id):
        return self.orders.get(client_id)

    give(running, Capability.PROOF, prove=prove)
    assert (await lose(running)).status is OrderStatus.REJECTED
    assert not running.state.open_orders("paper")


async def test_proof_finds_an_order_that_arrived_after_all(running):
    async def prove(self, client_id):
        return self.orders.get(client_id)

    async def order(self, client_id):
        return None

    give(running, Capability.PROOF, prove=prove, order=order)
    running.venue.lose_answers = True
    carried = await running.open("ann")
    assert carried.orders[0].status is OrderStatus.FILLED
    assert running.state.position("ann", "BTC") is not None


async def test_a_proof_that_cannot_be_had_leaves_the_order_unknown(running):
    async def prove(self, client_id):
        raise OutcomeUnknownError("not shown")

    give(running, Capability.PROOF, prove=prove)
    assert (await lose(running)).status is OrderStatus.UNKNOWN
    await running.sync()
    assert len(running.state.open_orders("paper")) == 1


@pytest.mark.parametrize("is_there", [True, False])
async def test_orders_are_sent_together_only_where_the_venue_takes_several(scene, is_there):
    sizes = []
    place = type(scene.venue).place

    async def watched(self, requests, *, expires_at):
        sizes.append(len(requests))
        return await place(self, requests, expires_at=expires_at)

    give(scene, place=watched)
    if not is_there:
        scene.venue.__class__.capabilities -= {Capability.BATCH}
        scene.restart()
    await scene.open("ann")
    # The entry, then stop and target.
    assert sizes == ([1, 2] if is_there else [1, 1, 1])
    assert len(scene.resting()) == 2


async def test_what_no_time_is_left_for_is_not_sent_and_not_taken_for_unknown(running, monkeypatch):
    scene = running
    real = [anyio.current_time()]
    place = type(scene.venue).place

    async def slow(self, requests, *, expires_at):
        if requests[0].trigger is not None:
            real[0] += 3600
        return await place(self, requests, expires_at=expires_at)

    give(scene, place=slow)
    scene.venue.__class__.capabilities -= {Capability.BATCH}
    scene.restart()
    await scene.sync()
    monkeypatch.setattr(orders.anyio, "current_time", lambda: real[0])
    await scene.open("ann")
    # The stop came first and stands; of the target it is known that it was not sent.
    [target] = [e for e in answers(scene) if "took too long" in e.outcome.reason]
    assert target.outcome.status is OrderStatus.REJECTED
    assert TriggerKind.STOP in {order.trigger.kind for order in scene.resting()}


def answers(scene):
    scene.recorder.events.flush()
    return [e.body for e in scene.recorder.events.read(types=["order_answered"])]


async def test_executions_an_answer_tells_are_booked_without_asking(scene):
    asked = []
    place, fills = type(scene.venue).place, type(scene.venue).fills

    async def telling(self, requests, *, expires_at):
        told = await place(self, requests, expires_at=expires_at)
        return [
            self.orders[outcome.client_id].outcome(
                outcome.client_id,
                tuple(f for f in self.executed if f.client_id == outcome.client_id),
            )
            for outcome in told
        ]

    async def watched(self, since):
        asked.append(since)
        return await fills(self, since)

    give(scene, place=telling, fills=watched)
    await scene.sync()
    asked.clear()
    carried = await scene.trade("ann", samples.decision())
    assert asked == []
    assert [fill.size for fill in carried.fills] == [D("0.01")]
    assert carried.orders[0].outcome.fills == (), "the journal has each execution once"
    scene.assert_agrees()


async def test_funding_is_asked_for_once_after_a_full_hour(scene):
    asked = []
    funding = type(scene.venue).funding

    async def watched(self, since):
        asked.append(self.clock.now() - START)
        return await funding(self, since)

    give(scene, funding=watched)
    await scene.open("ann")
    asked.clear()
    for minutes in range(61, 181):
        await scene.clock.sleep_until(START + timedelta(minutes=minutes))
        if minutes in (61, 120):
            scene.venue.pay_funding("BTC", "0.0001")
        await scene.sync()
    # What was settled at one o'clock comes a minute late, under the time at which it came: it is
    # asked for again while the venue may list more. At two all that is held is settled at once, and
    # nothing is asked until the next hour.
    assert [a // timedelta(minutes=1) for a in asked] == [61, 62, 120, 180]
    scene.assert_agrees()
