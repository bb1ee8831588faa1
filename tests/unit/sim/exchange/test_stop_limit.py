"""Stop-limit orders: fired by the mark, then a limit order like any other."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.order import OrderStatus, TimeInForce, Trigger, TriggerKind

pytestmark = pytest.mark.anyio

D = Decimal
STOP = Trigger(kind=TriggerKind.STOP, price=D(95))
TARGET = {
    "trigger": Trigger(kind=TriggerKind.TARGET, price=D(105), is_market=False),
    "tif": TimeInForce.GTC,
}


async def _stop_limit(desk, size, price, limit, tif=TimeInForce.GTC, kind="stop", **changes):
    trigger = Trigger(kind=TriggerKind(kind), price=D(price), is_market=False)
    return await desk.send(
        "sell", size, limit, is_reduce_only=True, trigger=trigger, tif=tif, **changes
    )


async def test_fills_at_once_where_the_market_is_within_its_limit(open_desk):
    async with open_desk((99, 99, 94, 96)) as desk:
        await desk.buy("1")
        stop = await _stop_limit(desk, "1", "95", "94.9")
        await desk.bars()
        # 95 x 0.9998 = 94.981
        found = await desk.order(stop)
        assert (found.status, found.average_price) == (OrderStatus.FILLED, D("94.98"))


async def test_beyond_its_limit_it_rests_there_and_fills_when_the_price_comes_back(open_desk):
    bars = (93, 93.5, 92, 93), (93, 94.9, 92, 94), (94, 95.5, 94, 95)
    async with open_desk(*bars) as desk:
        await desk.buy("1")
        stop = await _stop_limit(desk, "1", "95", "94.9")
        await desk.bars()
        found = await desk.order(stop)
        assert (found.status, found.trigger) == (OrderStatus.RESTING, None)
        await desk.bars()
        # touched, not gone through
        assert (await desk.order(stop)).status is OrderStatus.RESTING
        await desk.bars()
        fill = await desk.last_fill()
        assert (fill.price, fill.is_taker) == (D("94.9"), False)
        assert list((await desk.exchange.report()).positions) == []


async def test_ioc_stop_limit_beyond_its_limit_is_gone(open_desk):
    async with open_desk((93, 93.5, 92, 93)) as desk:
        await desk.buy("1")
        stop = await _stop_limit(desk, "1", "95", "94.9", tif=TimeInForce.IOC)
        await desk.bars()
        assert (await desk.order(stop)).status is OrderStatus.CANCELED
        assert len((await desk.exchange.report()).positions) == 1


async def test_limit_may_lie_on_the_near_side_of_its_trigger(open_desk):
    # sell once 95 is reached, but not below 96
    async with open_desk((99, 99, 94.5, 95), (95, 96.5, 95, 96)) as desk:
        await desk.buy("1")
        stop = await _stop_limit(desk, "1", "95", "96")
        assert stop.status is OrderStatus.RESTING
        await desk.bars()
        assert (await desk.order(stop)).status is OrderStatus.RESTING
        await desk.bars()
        assert (await desk.last_fill()).price == 96


async def test_partly_filled_target_keeps_the_stop_until_it_is_done(open_desk):
    # the target rests at 106 after the gap over 105 and gets 10 % of 30 coins per bar
    bars = (105.5, 106.5, 105.2, 105.5), (105.5, 107, 105.5, 106), (106, 108, 106, 107)
    async with open_desk(*bars, volumes=[30, 30, 30, 30]) as desk:
        await desk.buy("5")
        stop, target = await desk.exchange.place(
            [
                desk.request("sell", "5", "85", is_reduce_only=True, trigger=STOP),
                desk.request("sell", "5", "106", is_reduce_only=True, **TARGET),
            ],
            expires_at=None,
        )
        await desk.bars(2)
        found = await desk.order(target)
        assert (found.status, found.filled_size) == (OrderStatus.RESTING, 3)
        assert (await desk.order(stop)).status is OrderStatus.RESTING
        await desk.bars()
        assert (await desk.order(target)).status is OrderStatus.FILLED
        assert (await desk.order(stop)).status is OrderStatus.CANCELED


async def test_fired_order_survives_a_restart_as_a_limit_order(open_desk):
    bars = (93, 93.5, 92, 93), (94, 95.5, 94, 95)
    async with open_desk(*bars) as desk:
        await desk.buy("1")
        stop = await _stop_limit(desk, "1", "95", "94.9")
        await desk.bars()
        before, clock = await desk.order(stop), desk.clock
    async with open_desk(*bars, clock=clock) as desk:
        assert await desk.order(stop) == before
        await desk.bars()
        assert (await desk.order(stop)).average_price == D("94.9")


async def test_position_that_is_closed_and_opened_again_has_no_old_exits(open_desk):
    async with open_desk((99, 99, 94, 96)) as desk:
        await desk.buy("1")
        old = await desk.exit("stop", "sell", "1", "95", "85")
        await desk.sell("1")
        await desk.buy("1")
        await desk.bars()
        assert (await desk.order(old)).reason == "reduceOnlyCanceled"
        assert len((await desk.exchange.report()).positions) == 1


async def test_flipped_position_has_no_exits_of_the_other_side(open_desk):
    async with open_desk() as desk:
        await desk.buy("1")
        stop = await desk.exit("stop", "sell", "1", "95", "85")
        await desk.sell("3")
        assert (await desk.order(stop)).reason == "reduceOnlyCanceled"


async def test_market_trigger_fills_what_its_bound_allows_and_drops_the_rest(open_desk):
    from nof0_provider_sim.config import ImpactRules

    rules = ImpactRules(major_bps=D(100), other_bps=D(0))
    volumes, noon = [1000, 1000], timedelta(hours=1)
    async with open_desk(
        (99, 99, 94, 96), volumes=volumes, impact=rules, slippage_bps=D(0)
    ) as desk:
        await desk.buy("40", "150")
        # 5 % below 95 is 500 bps: (500 / 100)^2 % of 1000 = 250 coins; 90.25 allows all 40.
        # 94.05 is 100 bps below: 1 % of 1000 = 10 coins
        stop = await desk.exit("stop", "sell", "40", "95", "94.05")
        await desk.bars()
        found = await desk.order(stop)
        assert (found.status, found.filled_size) == (OrderStatus.PARTLY_FILLED, 10)
        assert (await desk.exchange.fills(desk.clock.now() - noon))[-1].price == D("94.05")
        assert [p.quantity for p in (await desk.exchange.report()).positions] == [30]
