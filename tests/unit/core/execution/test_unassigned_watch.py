"""Coins that belong to nobody are told of every hour as long as no stop covers them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.domain.outcome import VenueOrder
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
CODE = "unassigned_unprotected"
STOP = VenueOrder(
    client_id=None, venue_order_id="77", symbol="ETH", side=Side.SELL, size=D(2), filled_size=D(0),
    limit_price=D(3000), status=OrderStatus.RESTING, time=START, is_reduce_only=True,
    trigger=Trigger(kind=TriggerKind.STOP, price=D(3900)),
)  # fmt: skip


def told(scene):
    return scene.alerts().count(CODE)


async def later(scene, minutes):
    await scene.clock.sleep_until(scene.clock.now() + timedelta(minutes=minutes))
    await scene.sync()


async def hold(scene, side=Side.BUY):
    scene.venue.trade_by_hand("ETH", side, "2")
    await scene.sync()


async def test_it_is_told_at_once_then_every_hour_and_not_after_it_is_gone(scene):
    await hold(scene)
    assert told(scene) == 1
    for minutes, count in ((59, 1), (1, 2), (59, 2), (1, 3)):
        await later(scene, minutes)
        assert told(scene) == count
    [alert, *_] = [
        e.body for e in scene.recorder.events.read(types=["alert"]) if e.body.code == CODE
    ]
    assert alert.symbol == "ETH"
    assert alert.message.startswith(
        "paper: @unassigned holds 2 ETH and no stop at the venue covers"
    )
    scene.venue.trade_by_hand("ETH", Side.SELL, "2")
    for _ in range(3):
        await later(scene, 61)
    assert told(scene) == 3
    await hold(scene)
    assert told(scene) == 4
    assert scene.venue.requests == []


@pytest.mark.parametrize(("held", "closing"), [(Side.BUY, Side.SELL), (Side.SELL, Side.BUY)])
async def test_a_stop_of_anybody_that_covers_it_is_enough(scene, held, closing):
    scene.venue.orders["by hand"] = attrs.evolve(STOP, side=closing)
    await hold(scene, held)
    await later(scene, 61)
    assert told(scene) == 0
    del scene.venue.orders["by hand"]
    await later(scene, 1)
    assert told(scene) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "BTC"},
        {"side": Side.BUY},
        {"size": D("1.99")},
        {"filled_size": D("0.01")},
        {"is_reduce_only": False},
        {"trigger": None},
        {"trigger": Trigger(kind=TriggerKind.TARGET, price=D(4100))},
        {"status": OrderStatus.CANCELED},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_no_other_order_is(scene, change):
    scene.venue.orders["by hand"] = attrs.evolve(STOP, **change)
    await hold(scene)
    assert told(scene) == 1


async def test_a_stop_that_comes_and_goes_makes_no_storm(scene):
    await hold(scene)
    for _ in range(10):
        scene.venue.orders["by hand"] = STOP
        await later(scene, 1)
        del scene.venue.orders["by hand"]
        await later(scene, 1)
    assert told(scene) == 1


async def test_each_start_tells_it_once(scene):
    await hold(scene)
    for count in (2, 3):
        scene.restart()
        for _ in range(3):
            await later(scene, 1)
        assert told(scene) == count


async def test_a_statement_that_cannot_be_read_keeps_nobody_from_being_told(scene, monkeypatch):
    await hold(scene)
    await later(scene, 30)

    async def away(_):
        raise OSError("gone fishing")

    monkeypatch.setattr(scene.venue, "fills", away)
    scene.restart()
    await later(scene, 1)
    assert told(scene) == 2
