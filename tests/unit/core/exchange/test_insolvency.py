"""A trader below its own maintenance margin is closed out; nobody else notices."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_core.domain.decision import Signal
from nof0_core.domain.event import Filled, Transferred
from nof0_core.domain.order import Side
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE
from nof0_core.money import ZERO

pytestmark = pytest.mark.anyio


def _impoverish(scene, trader, amount):
    """Move cash from a trader to the reserve."""
    amounts = {trader: -D(amount), "@reserve": D(amount)}
    scene.books.record(ENGINE, Transferred(section="paper", amounts=amounts, reason="rebalance"))


async def test_insolvent_trader_is_closed_out_with_one_alert(scene):
    await scene.open("ann")
    await scene.open("bob")
    bobs = scene.ledger.position("bob", "BTC")
    # 4,000 less 3,985: about 15 USD behind a position of 1,000 that needs 12.5 at 40x.
    _impoverish(scene, "ann", 3985)
    await scene.sync()
    assert scene.ledger.position("ann", "BTC") is not None
    # 0.3 % down costs 3 USD: 11.5 left (fee 0.45), 12.46 needed. The stop at 99,000 is far away.
    scene.venue.move("BTC", 99_700)
    await scene.sync()
    assert scene.ledger.position("ann", "BTC") is None
    (trade,) = scene.ledger.trades("ann")
    assert trade.reason == "liquidation"
    assert scene.ledger.position("bob", "BTC") == bobs
    await scene.sync()
    assert scene.alerts().count("insolvent") == 1
    assert {order.size for order in scene.resting()} == {bobs.quantity}
    scene.assert_agrees()


async def test_close_out_that_does_not_fill_is_tried_again(scene):
    await scene.open("ann", Signal.SELL_TO_ENTER)
    _impoverish(scene, "ann", 3995)
    scene.venue.fill_ratio = ZERO
    await scene.sync()
    assert scene.ledger.position("ann", "BTC") is not None
    scene.venue.fill_ratio = D(1)
    await scene.sync()
    assert scene.ledger.position("ann", "BTC") is None
    assert scene.alerts().count("insolvent") == 1
    scene.assert_agrees()


async def test_unassigned_positions_are_left_alone(scene):
    scene.venue.trade_by_hand("ETH", Side.BUY, "0.5")
    await scene.sync()
    await scene.sync()
    assert scene.venue.sizes["ETH"] == D("0.5")


async def test_ledger_that_does_not_add_up_is_not_traded_on(scene):
    await scene.open("ann")
    scene.ledger._fold.sections["paper"].accounts["ann"].cash += D("1E-9")
    problems = scene.ledger.audit("paper")
    assert problems[0] == "the cash of ann is not what its bookings add up to"
    with pytest.raises(JournalError, match="does not add up"):
        await scene.sync()
    assert Filled in {type(e.body) for e in scene.books.journal.read()}
