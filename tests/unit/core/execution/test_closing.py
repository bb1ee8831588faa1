"""Closing exactly what is held, though orders cross on their way."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import OrderPurpose, OrderStatus, TriggerKind
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


def impoverish(scene, *traders):
    for trader in traders:
        scene.transfer({trader: D(-3995), "@reserve": D(3995)})


async def test_a_position_whose_stop_fills_meanwhile_is_not_closed_again(scene):
    """Both are to be closed out; while the first is, the stop of the second is filled."""
    await scene.open("ann")
    await scene.open("bob")
    impoverish(scene, "ann", "bob")
    place = scene.venue.place

    async def crosses(requests, *, expires_at=None):
        outcomes = await place(requests, expires_at=expires_at)
        scene.venue.place = place
        stops = [o for o in scene.resting() if o.trigger.kind is TriggerKind.STOP]
        bobs = next(o for o in stops if scene.state.order(o.client_id).trader == "bob")
        scene.venue._execute(bobs, bobs.size)
        return outcomes

    scene.venue.place = crosses
    await scene.sync()
    assert scene.venue.sizes["BTC"] == 0
    assert scene.state.positions("paper") == ()
    assert [t.reason for t in scene.state.trades("bob")] == ["stop"]
    scene.assert_agrees()


async def test_what_stop_and_close_sold_twice_is_bought_back(scene):
    """The stop fills in the moment the close does: the trader must not stay short."""
    await scene.open("ann")
    await scene.open("bob")
    bobs = scene.state.position("bob", "BTC").quantity
    place = scene.venue.place

    async def crosses(requests, *, expires_at=None):
        scene.venue.place = place
        stops = [o for o in scene.resting() if o.trigger.kind is TriggerKind.STOP]
        anns = next(o for o in stops if scene.state.order(o.client_id).trader == "ann")
        scene.venue._execute(anns, anns.size)
        return await place(requests, expires_at=expires_at)

    scene.venue.place = crosses
    await scene.trade("ann", CLOSE)
    assert scene.state.position("ann", "BTC") is None
    assert scene.venue.sizes["BTC"] == bobs
    assert scene.state.position("bob", "BTC").quantity == bobs
    assert scene.alerts() == ["stray_position"]
    scene.assert_agrees()


async def test_dust_that_cannot_be_a_reduction_is_kept_until_it_can(scene):
    """Opposite positions net: a close below 10 USD would be refused at every look."""
    await scene.open("bob", Signal.SELL_TO_ENTER)
    scene.venue.fill_ratio = D("0.009")
    await scene.open("ann")
    scene.venue.fill_ratio = D(1)
    assert scene.state.position("ann", "BTC").quantity == D("0.00009")
    sent = len(scene.venue.requests)
    carried = await scene.trade("ann", CLOSE)
    assert "below the venue's smallest order" in carried.orders[0].why
    for _ in range(3):
        await scene.execution.close("ann", "BTC", scene.quotes(), OrderPurpose.FLATTEN)
    assert len(scene.venue.requests) == sent
    assert scene.alerts() == ["cannot_close"]
    await scene.trade("bob", CLOSE)
    await scene.execution.close("ann", "BTC", scene.quotes(), OrderPurpose.FLATTEN)
    assert scene.state.position("ann", "BTC") is None
    scene.assert_agrees()


async def test_a_fill_between_two_questions_is_no_drift(scene):
    """Fills are read, then the stop fires, then positions are read."""
    await scene.open("ann")
    report = scene.venue.report

    async def fires():
        scene.venue.report = report
        scene.venue.move("BTC", 98_900)
        return await report()

    scene.venue.report = fires
    await scene.sync()
    assert scene.execution.drift == ()
    assert scene.alerts() == []
    assert scene.state.position("ann", "BTC") is None


async def test_no_entry_before_the_account_was_ever_read(scene):
    approved = scene.approve("ann", samples.decision())
    carried = await scene.execution.submit(approved, scene.quotes())
    assert "could not be read" in carried.orders[0].why
    assert scene.venue.requests == []
    await scene.sync()
    carried = await scene.execution.submit(approved, scene.quotes())
    assert carried.orders[0].status is OrderStatus.FILLED


async def test_leverage_somebody_changed_by_hand_is_set_again(scene):
    await scene.trade("ann", samples.decision(leverage=5))
    sets = []
    set_leverage = scene.venue.set_leverage

    async def noted(symbol, leverage, mode):
        sets.append((leverage, mode))
        await set_leverage(symbol, leverage, mode)

    scene.venue.set_leverage = noted
    await scene.trade("bob", samples.decision(leverage=5))
    assert sets == []
    await scene.trade("bob", CLOSE)
    scene.venue.leverage["BTC"] = 3
    await scene.sync()
    await scene.trade("bob", samples.decision(leverage=5))
    assert sets == [(5, "cross")]
