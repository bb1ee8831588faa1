"""What the one room that speaks to a venue makes of how a provider answers."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a native cancellation is what is tried
from datetime import timedelta
from decimal import Decimal as D

import anyio
import anyio.lowlevel
import attrs
import pytest

from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.event import CoinRested, OrderAnswered
from nof0_core.domain.order import OrderPurpose, OrderStatus, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.errors import TransientError
from nof0_core.execution.gateway import Gateway
from nof0_core.testing import samples

pytestmark = pytest.mark.anyio


def gateway(scene):
    return Gateway(venue_account="paper", provider=scene.venue, clock=scene.clock)


async def test_who_cancels_a_call_is_not_told_that_the_venue_failed(running):
    """A native cancellation, as Ctrl-C makes it, is none of the provider's."""

    async def hangs():
        await anyio.sleep_forever()

    running.venue.report = hangs
    task = asyncio.ensure_future(gateway(running).report())
    await anyio.lowlevel.checkpoint()
    await anyio.lowlevel.checkpoint()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_provider_that_cancels_itself_has_failed(running):
    async def breaks_off():
        raise asyncio.CancelledError

    running.venue.report = breaks_off
    with pytest.raises(TransientError, match="nobody cancelled it"):
        await gateway(running).report()


@pytest.mark.parametrize("verb", ["report", "fills", "funding"])
@pytest.mark.parametrize("answer", [None, 7])
async def test_an_answer_that_is_none_is_a_read_that_failed(running, verb, answer):
    await running.open("ann")

    async def nonsense(*_):
        return answer

    setattr(running.venue, verb, nonsense)
    running.restart()
    [trouble] = await running.execution.sync(running.quotes())
    assert f"paper: what {verb} answered is {answer}, no" in trouble
    assert running.state.position("ann", "BTC") is not None


async def test_a_cancel_that_is_answered_with_nothing_is_tried_again(running):
    await running.open("ann")
    cancel = running.venue.cancel

    async def nonsense(client_ids):
        return None

    running.venue.cancel = nonsense
    running.restart()
    await running.sync()
    await running.trade("ann", Decision(signal=Signal.CLOSE, symbol="BTC"))
    assert running.state.position("ann", "BTC") is None
    assert len(running.resting()) == 2
    running.venue.cancel = cancel
    await running.execution.guard(running.quotes())
    assert running.resting() == []


async def test_entries_of_one_cycle_share_the_margin_that_is_free(scene):
    """Between judgement and sending a rebalance has taken what only both together need."""
    await scene.sync()
    eth = samples.decision(
        symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160),
        position_size_usd=D(9000), leverage=5,
    )  # fmt: skip
    approved = scene.approve("ann", samples.decision(position_size_usd=D(9000), leverage=5), eth)
    scene.transfer({"ann": D(-1500), "@reserve": D(1500)})
    carried = await scene.execution.submit(approved, scene.quotes())
    refused = [report for report in carried.orders if report.status is OrderStatus.REJECTED]
    assert [report.symbol for report in refused] == ["ETH"]
    assert "of margin and costs needed" in refused[0].why
    assert scene.state.position("ann", "BTC") is not None


async def test_a_stop_accepted_meanwhile_makes_the_next_rest_short_and_ends_none(scene):
    await scene.open("ann")
    [stop] = [o for o in scene.state.open_orders("paper") if o.purpose is OrderPurpose.STOP]
    until = scene.clock.now() + timedelta(hours=1)
    rested = CoinRested(trader="ann", symbol="BTC", until=until, count=3, reason="refused")
    scene.recorder.record("ann", rested)
    accepted = OrderOutcome(
        client_id=stop.client_id, status=OrderStatus.RESTING, venue_order_id="again"
    )
    scene.recorder.record(
        "ann",
        OrderAnswered(trader="ann", venue_account="paper", symbol="BTC", outcome=accepted),
    )
    assert (scene.state.rest("ann", "BTC").until, scene.state.rest("ann", "BTC").count) == (
        until,
        0,
    )


async def test_a_decided_close_that_needs_no_order_is_reported(scene):
    """What nobody ordered stands against it: both are set off, and the record says so."""
    scene.venue.trade_by_hand("BTC", Side.SELL, "0.01")
    await scene.sync()
    await scene.open("ann")
    sent = len(scene.venue.requests)
    carried = await scene.trade("ann", Decision(signal=Signal.CLOSE, symbol="BTC"))
    assert scene.state.position("ann", "BTC") is None
    assert len(scene.venue.requests) == sent
    [report] = carried.orders
    assert report.purpose is OrderPurpose.CLOSE
    assert "set off" in report.why
    scene.assert_agrees()


async def test_an_average_price_of_endless_digits_keeps_no_position_from_being_seen(scene):
    await scene.sync()
    fills = scene.venue.fills

    async def nothing_new(since):
        raise TransientError("away")

    scene.venue.fills = nothing_new
    execute = scene.venue._execute

    def endless(order, size):
        execute(order, size)
        filled = scene.venue.orders[order.client_id]
        price = D("100000." + "3" * 60)
        scene.venue.orders[order.client_id] = attrs.evolve(filled, average_price=price)

    scene.venue._execute = endless
    carried = await scene.open("ann")
    assert carried.trouble == "away"
    [held] = scene.state.held("paper")
    assert held.quantity == D("0.01")
    assert {o.size for o in scene.resting()} == {held.quantity}
    scene.venue.fills = fills
    await scene.sync()
    scene.assert_agrees()
