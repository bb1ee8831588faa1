"""Reduce-only orders of size 0: they close whatever the position is when they trade."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_core.domain.order import OrderStatus
from nof0_provider_sim.config import ImpactRules

pytestmark = pytest.mark.anyio


async def test_order_of_size_zero_closes_all_there_is(open_desk):
    async with open_desk() as desk:
        await desk.buy("3")
        closed = await desk.sell("0", is_reduce_only=True)
        assert (closed.status, closed.filled_size) == (OrderStatus.FILLED, 3)
        assert list((await desk.exchange.report()).positions) == []


async def test_stop_of_size_zero_grows_with_the_position_and_shrinks_with_it(open_desk):
    async with open_desk((100, 100, 100, 100), (99, 99, 94, 96)) as desk:
        await desk.buy("2")
        stop = await desk.exit("stop", "sell", "0", "95", "85")
        await desk.buy("5")
        await desk.sell("1")
        await desk.bars(2)
        found = await desk.order(stop)
        # 95 x 0.9998 = 94.981
        assert (found.status, found.filled_size, found.average_price) == (
            OrderStatus.FILLED,
            6,
            D("94.98"),
        )
        assert list((await desk.exchange.report()).positions) == []


async def test_it_ends_with_the_position_and_with_its_sibling(open_desk):
    async with open_desk((101, 106, 101, 104)) as desk:
        await desk.buy("2")
        stop, target = await desk.exits("sell", "0", stop=("95", "85"), target=("105", "90"))
        await desk.bars()
        assert (await desk.order(target)).filled_size == 2
        assert (await desk.order(stop)).reason == "siblingFilledCanceled"
        await desk.buy("1")
        alone = await desk.exit("stop", "sell", "0", "95", "85")
        await desk.sell("1")
        assert (await desk.order(alone)).reason == "reduceOnlyCanceled"


async def test_what_the_market_does_not_take_stays_and_the_order_says_so(open_desk):
    # 1 % of the 1000 coins of a bar moves the price by 5 bps; within 97 no more than
    # (298 / 5)^2 x 10 coins fill
    impact = ImpactRules(major_bps=D(50), other_bps=D(50))
    async with open_desk(volumes=[1000], impact=impact, initial_balance_usd=D(100_000)) as desk:
        await desk.buy("300", "150")
        part = await desk.sell("0", "99", is_reduce_only=True)
        assert part.status is OrderStatus.PARTLY_FILLED
        (rest,) = list((await desk.exchange.report()).positions)
        assert rest.quantity == 300 - part.filled_size > 0


async def test_resting_whole_close_fills_over_several_bars(open_desk):
    through = (100, 103, 100, 100)
    async with open_desk(through, through, volumes=[1000, 40, 1000]) as desk:
        await desk.buy("9")
        ask = await desk.rest("sell", "0", "102", is_reduce_only=True)
        assert ask.status is OrderStatus.RESTING
        await desk.bars()
        # a tenth of the 40 coins of the bar
        assert (await desk.order(ask)).filled_size == 4
        await desk.bars()
        found = await desk.order(ask)
        assert (found.status, found.filled_size) == (OrderStatus.FILLED, 9)


async def test_after_a_restart_it_still_closes_everything(open_desk):
    async with open_desk((99, 99, 94, 96)) as desk:
        await desk.buy("2")
        await desk.exit("stop", "sell", "0", "95", "85")
        clock, counter = desk.clock, desk.counter
    async with open_desk((99, 99, 94, 96), clock=clock) as desk:
        desk.counter = counter
        await desk.bars()
        assert (await desk.last_fill()).size == 2
        assert list((await desk.exchange.report()).positions) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, "Order has zero size.", id="not-reduce-only"),
        pytest.param(
            {"is_reduce_only": True},
            "Reduce only order would increase position.",
            id="nothing-to-close",
        ),
    ],
)
async def test_size_zero_needs_a_position_and_reduce_only(open_desk, changes, reason):
    async with open_desk() as desk:
        refused = await desk.sell("0", "99", **changes)
        assert (refused.status, refused.reason) == (OrderStatus.REJECTED, reason)
