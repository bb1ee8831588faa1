"""A trader below its own maintenance margin is closed out; nobody else notices."""

from __future__ import annotations

from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.decision import Signal
from nof0_core.domain.event import Filled
from nof0_core.domain.order import Side
from nof0_core.domain.position import MarginMode
from nof0_core.errors import JournalError
from nof0_core.money import ZERO
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio


def _impoverish(scene, trader, amount):
    """Move cash from a trader to the reserve."""
    scene.transfer({trader: -D(amount), "@reserve": D(amount)})


async def test_insolvent_trader_is_closed_out_with_one_alert(scene):
    await scene.open("ann")
    await scene.open("bob")
    bobs = scene.state.position("bob", "BTC")
    # 4,000 less 3,985: about 15 USD behind a position of 1,000 that needs 12.5 at 40x.
    _impoverish(scene, "ann", 3985)
    await scene.sync()
    assert scene.state.position("ann", "BTC") is not None
    # 0.3 % down costs 3 USD: 11.5 left (fee 0.45), 12.46 needed. The stop at 99,000 is far away.
    scene.venue.move("BTC", 99_700)
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    (trade,) = scene.state.trades("ann")
    assert trade.reason == "liquidation"
    assert scene.state.position("bob", "BTC") == bobs
    await scene.sync()
    assert scene.alerts().count("insolvent") == 1
    assert {order.size for order in scene.resting()} == {bobs.quantity}
    scene.assert_agrees()


async def test_close_out_that_does_not_fill_is_tried_again(scene):
    await scene.open("ann", Signal.SELL_TO_ENTER)
    _impoverish(scene, "ann", 3995)
    scene.venue.fill_ratio = ZERO
    await scene.sync()
    assert scene.state.position("ann", "BTC") is not None
    scene.venue.fill_ratio = D(1)
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    assert scene.alerts().count("insolvent") == 1
    scene.assert_agrees()


async def test_unassigned_positions_are_left_alone(scene):
    scene.venue.trade_by_hand("ETH", Side.BUY, "0.5")
    await scene.sync()
    await scene.sync()
    assert scene.venue.sizes["ETH"] == D("0.5")


async def test_ledger_that_does_not_add_up_is_not_traded_on(scene):
    await scene.open("ann")
    scene.state._ledger.venue_accounts["paper"].accounts["ann"].cash += D("1E-9")
    problems = scene.state.audit("paper")
    assert problems[0] == "the cash of ann is not what its bookings add up to"
    with pytest.raises(JournalError, match="does not add up"):
        await scene.sync()
    scene.recorder.events.flush()
    assert Filled in {type(e.body) for e in scene.recorder.events.read()}


async def test_an_isolated_position_is_closed_out_alone(scene):
    """Seen by the engine alone: the venue of this test never liquidates."""
    isolated = attrs.evolve(scene.policies, margin_mode=MarginMode.ISOLATED)
    scene.execution._decided._policies = {"ann": isolated, "bob": scene.policies}
    eth = samples.decision(
        symbol="ETH", entry_price=D(4000), stop_loss=D(3600), take_profit=D(5600), leverage=5
    )
    await scene.trade("ann", eth)
    await scene.open("ann")
    btc = scene.state.position("ann", "BTC")
    # Stop and target are beyond; 200 USD of margin less 184 of loss are below 816 / 50.
    for order in scene.resting():
        if order.symbol == "ETH":
            await scene.venue.cancel([order.client_id])
    scene.venue.prices["ETH"] = D(3264)
    await scene.execution.guard(scene.quotes())
    assert scene.state.position("ann", "ETH") is None
    assert scene.state.position("ann", "BTC") == btc
    assert [t.reason for t in scene.state.trades("ann")] == ["liquidation"]
    [alert] = [e.body for e in scene.recorder.events.read(types=["alert"])]
    assert (alert.code, alert.symbol) == ("insolvent", "ETH")
    assert "isolated margin of 15.55 USD is below the maintenance margin of 16.32 USD" in (
        alert.message
    )
