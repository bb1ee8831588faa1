"""Entries that are stopped at the last moment, and stops that do not come to stand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import anyio
import pytest

from nof0_core.clock import pause
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import OrderPurpose, OrderStatus, OrderStyle, Side, TriggerKind
from nof0_core.domain.position import ProtectionMode
from nof0_core.errors import OutcomeUnknownError, TransientError
from nof0_core.execution.limits import Limits
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


def entries(scene):
    return [r for r in scene.venue.requests if r.trigger is None and not r.is_reduce_only]


async def test_an_obstacle_that_comes_while_leverage_is_set_stops_the_entry(scene):
    """The halt arrives between the first question and the order: it must still hold."""
    set_leverage = scene.venue.set_leverage

    async def slow(*arguments):
        await set_leverage(*arguments)
        scene.refused = "halted"

    scene.venue.set_leverage = slow
    carried = await scene.open("ann")
    assert carried.orders[0].why == "entries are stopped: halted"
    assert scene.venue.requests == []
    assert scene.state.open_orders("paper") == ()


async def test_an_obstacle_never_stops_a_close(scene):
    await scene.open("ann")
    scene.refused = "halted"
    carried = await scene.open("bob")
    assert carried.orders[0].status is OrderStatus.REJECTED
    await scene.trade("ann", CLOSE)
    assert scene.state.position("ann", "BTC") is None


async def test_while_a_close_is_on_its_way_no_second_one_is_sent(scene):
    await scene.open("ann")
    place, order = scene.venue.place, scene.venue.order

    async def arrives_unheard(requests, *, expires_at=None):
        await place(requests, expires_at=expires_at)
        raise OutcomeUnknownError("connection dropped")

    async def silence(client_id):
        raise TransientError("no answer")

    scene.venue.place, scene.venue.order = arrives_unheard, silence
    fills = scene.venue.fills

    async def nothing_new(since):
        return []

    scene.venue.fills = nothing_new
    await scene.trade("ann", CLOSE)
    await scene.execution.close("ann", "BTC", scene.quotes(), OrderPurpose.FLATTEN)
    again = await scene.trade("ann", CLOSE)
    assert again.orders[0].why == "an order on the coin is still on its way"
    assert len([r for r in scene.venue.requests if r.is_reduce_only and r.trigger is None]) == 1
    scene.venue.place, scene.venue.order, scene.venue.fills = place, order, fills
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    assert scene.venue.sizes["BTC"] == 0
    scene.assert_agrees()


async def test_no_entry_after_the_account_could_not_be_read_until_it_could(scene):
    fills = scene.venue.fills

    async def away(since):
        raise TransientError("the venue is away")

    scene.venue.fills = away
    assert await scene.execution.sync(scene.quotes()) == ("the venue is away",)
    scene.is_synced = True
    scene.venue.fills = fills
    carried = await scene.open("ann")
    assert "could not be read" in carried.orders[0].why
    assert scene.venue.requests == []
    await scene.sync()
    await scene.open("ann")
    assert scene.state.position("ann", "BTC") is not None


@pytest.mark.parametrize("has_arrived", [True, False])
async def test_a_stop_not_confirmed_by_its_deadline_closes_the_position(running, has_arrived):
    """The venue hangs when it is given the stop; it may have taken it or not."""
    scene = running
    await scene.sync()
    scene.execution._gateway.limits = Limits(protect=0.1, order=0.1)
    quick = OrderPolicy(
        style=OrderStyle.MARKET_IOC, slippage_bps=D(50), limits=RiskLimits(price_band_pct=D(2)),
        stop_deadline=timedelta(seconds=0.2),
    )  # fmt: skip
    scene.execution._protection._policies = {"ann": quick}
    place, order = scene.venue.place, scene.venue.order

    async def hangs(requests, *, expires_at=None):
        if requests[0].trigger is not None:
            if has_arrived:
                await place(requests, expires_at=expires_at)
            await anyio.sleep_forever()
        return await place(requests, expires_at=expires_at)

    async def mute(client_id):
        known = scene.venue.orders.get(client_id)
        if known is None or known.trigger is not None:
            await anyio.sleep_forever()
        return await order(client_id)

    scene.venue.place, scene.venue.order = hangs, mute
    with anyio.fail_after(60):
        await scene.open("ann")
        while scene.state.held("paper"):
            await scene.execution.guard(scene.quotes())
            await pause(0.05)
        await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    assert scene.venue.sizes["BTC"] == 0
    assert scene.alerts().count("stop_refused") == 1
    message = next(
        e.body.message for e in scene.recorder.events.read(types=["alert"])
        if e.body.code == "stop_refused"
    )  # fmt: skip
    assert "did not confirm it within 0.2 s" in message
    scene.venue.place, scene.venue.order = place, order
    await scene.sync()
    assert scene.resting() == []
    scene.assert_agrees()


async def test_a_stop_left_unsent_by_a_crash_is_placed_at_the_next_look(scene):
    """The intent is on disk, the order never left: what the ledger calls open is not there."""
    place = scene.venue.place

    async def dies(requests, *, expires_at=None):
        if requests[0].trigger is not None:
            raise KeyboardInterrupt
        return await place(requests, expires_at=expires_at)

    scene.venue.place = dies
    with pytest.raises(KeyboardInterrupt):
        await scene.open("ann")
    scene.restart()
    scene.venue.place = place
    await scene.sync()
    assert {o.trigger.kind for o in scene.resting()} == {TriggerKind.STOP, TriggerKind.TARGET}
    assert scene.state.position("ann", "BTC").protection is ProtectionMode.VENUE
    assert len(entries(scene)) == 1
    # The two that never left are not taken for orders, nor are new ones placed at every look.
    sent = len(scene.venue.requests)
    await scene.sync()
    assert len(scene.venue.requests) == sent
    await scene.clock.sleep_until(scene.clock.now() + timedelta(seconds=61))
    await scene.sync()
    assert len(scene.state.open_orders("paper")) == 2
    assert len(scene.venue.requests) == sent


async def test_the_target_takes_the_stop_with_it(scene):
    await scene.open("ann")
    scene.venue.move("BTC", 104_500)
    await scene.sync()
    assert [t.reason for t in scene.state.trades("ann")] == ["target"]
    assert scene.resting() == []
    assert scene.state.open_orders("paper") == ()
    scene.assert_agrees()


async def test_exits_of_a_netted_pair_come_back_when_the_other_side_is_gone(scene):
    await scene.open("ann")
    first = {o.client_id for o in scene.resting()}
    await scene.open("bob", Signal.SELL_TO_ENTER)
    assert scene.resting() == []
    await scene.trade("bob", CLOSE)
    again = {o.client_id for o in scene.resting()}
    assert len(again) == 2
    assert not again & first
    assert scene.state.position("ann", "BTC").protection is ProtectionMode.VENUE


async def test_drift_on_one_coin_leaves_the_others_alone(scene):
    scene.venue.sizes["ETH"] = D(1)  # appeared without any fill
    await scene.sync()
    eth = samples.decision(
        symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160)
    )
    blocked = await scene.trade("ann", eth)
    assert blocked.orders[0].why == "entries are stopped: ledger and venue differ"
    await scene.open("ann")
    assert scene.state.position("ann", "BTC") is not None
    scene.venue.sizes["ETH"] = D(0)
    for _ in range(2):
        await scene.sync()
    assert scene.execution.drift == ()
    await scene.trade("bob", eth)
    assert scene.state.position("bob", "ETH") is not None


async def test_nothing_the_engine_does_touches_the_unassigned_account(scene):
    scene.venue.trade_by_hand("BTC", Side.BUY, "0.5")
    await scene.sync()
    await scene.open("ann")
    await scene.execution.close("ann", "BTC", scene.quotes(), OrderPurpose.FLATTEN)
    await scene.execution.close("@unassigned", "BTC", scene.quotes(), OrderPurpose.FLATTEN)
    await scene.sync()
    assert {p.trader: p.quantity for p in scene.state.positions("paper")} == {
        "@unassigned": D("0.5")
    }
    assert scene.resting() == []
    scene.assert_agrees()
