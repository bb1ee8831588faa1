"""An order that looks like ours and that the journal does not know stops entries on its coin."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_core.domain.order import OrderStatus, Side
from nof0_core.domain.outcome import VenueOrder
from nof0_core.ids import client_order_id
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio


def leave(scene, client_id, symbol="BTC"):
    """Let an order wait at the venue."""
    scene.venue.orders[client_id] = VenueOrder(
        client_id=client_id, venue_order_id="77", symbol=symbol, side=Side.SELL, size=D(1),
        filled_size=D(0), limit_price=D(200_000), status=OrderStatus.RESTING, time=START,
        is_reduce_only=True,
    )  # fmt: skip


OURS = client_order_id("ann", "a cycle nobody has recorded", "BTC", "stop")


async def test_nobody_enters_the_coin_until_the_order_is_gone(scene):
    leave(scene, OURS)
    await scene.sync()
    await scene.sync()
    assert scene.alerts() == ["lost_intent"]
    for trader in ("ann", "bob"):
        (report,) = (await scene.open(trader)).orders
        assert "that the journal does not know" in report.reason
    assert scene.state.position("ann", "BTC") is None
    del scene.venue.orders[OURS]
    await scene.sync()
    await scene.open("ann")
    assert scene.state.position("ann", "BTC") is not None


async def test_what_is_held_stays_protected(scene):
    await scene.open("ann")
    own = scene.resting()
    leave(scene, OURS)
    await scene.sync()
    assert [o for o in scene.resting() if o.client_id != OURS] == own
    assert scene.state.position("ann", "BTC") is not None


@pytest.mark.parametrize(
    "client_id", [client_order_id("eve", "a cycle", "BTC", "stop"), "0x" + "0" * 32, "by hand"]
)
async def test_orders_of_others_stop_nobody(scene, client_id):
    leave(scene, client_id)
    await scene.sync()
    assert scene.alerts() == []
    await scene.open("ann")
    assert scene.state.position("ann", "BTC") is not None


async def test_another_coin_is_entered(scene):
    leave(scene, OURS, "ETH")
    await scene.sync()
    await scene.open("ann")
    assert scene.state.position("ann", "BTC") is not None
