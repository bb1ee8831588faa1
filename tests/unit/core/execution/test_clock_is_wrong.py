"""What happened at the venue is booked, however far ahead our clock was when an account began."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.order import Side
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)
CLOSE = Decision(signal=Signal.CLOSE, symbol="BTC")


@pytest.fixture(params=[timedelta(minutes=5), timedelta(days=1), timedelta(days=30)], ids=str)
def ahead(request):
    return request.param


@pytest.fixture(params=[START, None], ids=["venue tells its time", "venue does not"])
def scene(request, scene_maker, ahead):
    """A venue account whose first capital was booked while our clock was ahead."""
    return scene_maker(ahead=ahead, as_of=request.param)


def put_right(scene):
    """Let the engine start again with its clock as it should be."""
    scene.venue.clock = scene.clock = SimulatedClock(START + timedelta(minutes=2))
    scene.restart()


async def let_pass(scene, time):
    for clock in {id(c): c for c in (scene.clock, scene.venue.clock)}.values():
        await clock.sleep_until(clock.now() + time)


async def test_a_fill_of_ours_is_booked_while_the_clock_is_ahead(scene):
    await scene.open("ann")
    for _ in range(8):
        await scene.sync()
    assert not scene.state.unbooked("paper")
    assert scene.state.position("ann", "BTC").quantity == D("0.01")
    scene.assert_agrees()
    await scene.trade("ann", CLOSE)
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    scene.assert_agrees()


async def test_a_fill_of_ours_is_booked_once_the_clock_is_right(scene):
    await scene.sync()
    fills, scene.venue.fills = scene.venue.fills, scene.venue.funding
    await scene.open("ann")
    assert scene.state.position("ann", "BTC") is None
    put_right(scene)
    scene.venue.fills = fills
    await scene.sync()
    assert scene.state.position("ann", "BTC").quantity == D("0.01")
    # Its stop fires before the moment that the account calls its beginning.
    scene.venue.move("BTC", 98_000)
    await scene.sync()
    assert scene.state.position("ann", "BTC") is None
    scene.assert_agrees()


@pytest.mark.parametrize("is_right", [True, False])
async def test_what_others_did_since_the_account_began_is_booked(scene_maker, ahead, is_right):
    """A liquidation carries no order id, and a person's trade neither."""
    scene = scene_maker(ahead=ahead, as_of=START)
    await scene.open("ann")
    await scene.sync()
    if is_right:
        put_right(scene)
    scene.venue.trade_by_hand("BTC", Side.SELL, "0.01")
    scene.venue.executed[-1] = attrs.evolve(scene.venue.executed[-1], is_liquidation=True)
    scene.venue.trade_by_hand("ETH", Side.BUY, "0.5")
    await scene.sync()
    assert [trade.reason for trade in scene.state.trades("ann")] == ["liquidation"]
    assert scene.state.quantities("paper", "ETH") == {"@unassigned": D("0.5")}
    scene.assert_agrees()


async def test_an_hour_settled_in_the_future_hides_no_settlement_before_it(scene_maker, ahead):
    """Opposite positions pay each other by our clock; what the venue settles has its own time."""
    scene = scene_maker(ahead=ahead, as_of=START)
    await scene.open("ann")
    await scene.open("bob", Signal.SELL_TO_ENTER)
    await scene.sync()
    await scene.execution.settle_hour(scene.clock.now() + HOUR, scene.quotes())
    put_right(scene)
    await scene.trade("bob", CLOSE)
    await let_pass(scene, HOUR)
    scene.venue.pay_funding("BTC", "0.001")
    await scene.sync()
    assert scene.venue.paid[-1].amount == -1
    scene.assert_agrees()
