"""Stops and targets that wait at the venue, judged bar by bar."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.order import OrderStatus

pytestmark = pytest.mark.anyio

D = Decimal


async def _long_with_exits(desk, size="10"):
    await desk.buy(size)
    stop, target = await desk.exits("sell", size, stop=("95", "85"), target=("105", "90"))
    assert stop.status is target.status is OrderStatus.RESTING
    return stop, target


BARS = [
    # open, high, low, close; fill price; what filled
    pytest.param((99, 99.5, 94, 96), "94.98", "stop", id="stop-inside-the-bar"),
    pytest.param((99, 99.5, 95, 96), "94.98", "stop", id="stop-touched-exactly"),
    pytest.param((93, 94, 92, 93.5), "92.98", "stop", id="gap-below-the-stop-fills-at-the-open"),
    pytest.param((101, 106, 101, 104), "104.97", "target", id="target-inside-the-bar"),
    pytest.param((107, 108, 106, 107), "106.97", "target", id="gap-above-the-target"),
    pytest.param((100, 106, 94, 101), "94.98", "stop", id="both-in-one-bar-is-the-stop"),
]


@pytest.mark.parametrize(("bar", "price", "filled"), BARS)
async def test_long_exits(open_desk, bar, price, filled):
    async with open_desk(bar) as desk:
        stop, target = await _long_with_exits(desk)
        await desk.bars()
        fill = await desk.last_fill()
        assert fill.price == D(price)
        assert fill.time == desk.clock.now()
        done, sibling = (stop, target) if filled == "stop" else (target, stop)
        assert (await desk.order(done)).status is OrderStatus.FILLED
        left = await desk.order(sibling)
        assert (left.status, left.reason) == (OrderStatus.CANCELED, "siblingFilledCanceled")
        assert list((await desk.exchange.report()).positions) == []
        assert list((await desk.exchange.report()).orders) == []


SHORT_BARS = [
    pytest.param(
        (101, 106, 100, 104), "105.03", id="stop-inside-the-bar"
    ),  # 105 x 1.0002 = 105.021
    pytest.param((107, 108, 106, 107), "107.03", id="gap-above-the-stop"),  # 107.0214
    pytest.param((99, 99, 94, 96), "95.02", id="target-inside-the-bar"),  # 95.019
]


@pytest.mark.parametrize(("bar", "price"), SHORT_BARS)
async def test_short_exits(open_desk, bar, price):
    async with open_desk(bar) as desk:
        await desk.sell("10")
        await desk.exits("buy", "10", stop=("105", "115"), target=("95", "110"))
        await desk.bars()
        assert (await desk.last_fill()).price == D(price)
        assert list((await desk.exchange.report()).positions) == []


async def test_untouched_exits_keep_waiting(open_desk):
    async with open_desk((100, 104.99, 95.01, 100)) as desk:
        await _long_with_exits(desk)
        await desk.bars()
        assert len((await desk.exchange.report()).orders) == 2


async def test_of_the_bar_in_which_it_was_placed_only_the_close_counts(open_desk):
    async with open_desk((99, 99, 90, 99), (99, 99, 94, 99)) as desk:
        await desk.clock.sleep_until(desk.clock.now() + timedelta(seconds=30))
        await _long_with_exits(desk)
        await desk.clock.sleep_until(desk.clock.now() + timedelta(seconds=30))
        # the low of 90 may have come before the stop was there
        assert len((await desk.exchange.report()).positions) == 1
        await desk.bars()
        assert (await desk.last_fill()).price == D("94.98")


async def test_close_beyond_a_stop_placed_in_that_bar_fires_at_the_close(open_desk):
    async with open_desk((99, 99, 90, 94)) as desk:
        await desk.clock.sleep_until(desk.clock.now() + timedelta(seconds=30))
        await _long_with_exits(desk)
        await desk.clock.sleep_until(desk.clock.now() + timedelta(seconds=30))
        await desk.exchange.report()
        # 94 x 0.9998 = 93.9812
        assert (await desk.last_fill()).price == D("93.98")


async def test_many_bars_in_one_step_find_the_first_that_fires(open_desk):
    quiet = (100, 101, 99, 100)
    async with open_desk(*[quiet] * 40, (99, 99, 94, 96), *[quiet] * 20) as desk:
        await _long_with_exits(desk)
        noon = desk.clock.now()
        await desk.clock.sleep_until(noon + timedelta(minutes=61))
        await desk.exchange.report()
        assert (await desk.last_fill()).time == noon + timedelta(minutes=41)


async def test_gap_through_the_limit_leaves_the_position_and_says_so(open_desk):
    async with open_desk((80, 81, 79, 80)) as desk:
        stop, _ = await _long_with_exits(desk)
        await desk.bars()
        found = await desk.order(stop)
        assert (found.status, found.reason) == (
            OrderStatus.CANCELED,
            "Order could not immediately match against any resting orders.",
        )
        assert [p.quantity for p in (await desk.exchange.report()).positions] == [10]


async def test_closing_the_position_cancels_its_exits(open_desk):
    async with open_desk() as desk:
        stop, target = await _long_with_exits(desk)
        await desk.sell("10")
        for outcome in (stop, target):
            found = await desk.order(outcome)
            assert (found.status, found.reason) == (OrderStatus.CANCELED, "reduceOnlyCanceled")


async def test_exits_survive_a_partial_close_and_are_clipped_to_the_rest(open_desk):
    async with open_desk((99, 99, 94, 96)) as desk:
        stop, _ = await _long_with_exits(desk)
        await desk.sell("4")
        assert len((await desk.exchange.report()).orders) == 2
        await desk.bars()
        found = await desk.order(stop)
        assert (found.status, found.filled_size) == (OrderStatus.PARTLY_FILLED, 6)
        assert list((await desk.exchange.report()).positions) == []


async def test_stops_of_several_owners_fire_one_by_one(open_desk):
    async with open_desk((99, 99, 96, 98), (98, 98, 93, 94)) as desk:
        await desk.buy("3")
        near = await desk.exit("stop", "sell", "1", "97", "80")
        far = await desk.exit("stop", "sell", "2", "94", "80")
        await desk.bars()
        assert (await desk.order(near)).status is OrderStatus.FILLED
        assert (await desk.order(far)).status is OrderStatus.RESTING
        assert [p.quantity for p in (await desk.exchange.report()).positions] == [2]
        await desk.bars()
        assert list((await desk.exchange.report()).positions) == []


async def test_bars_of_different_coins_are_judged_in_order_of_time(open_desk):
    quiet, drop = (100, 100, 100, 100), (99, 99, 90, 91)
    bars = {"ETH": [quiet, drop, quiet], "SOL": [drop, quiet, quiet]}
    async with open_desk(bars=bars) as desk:
        for symbol in ("ETH", "SOL"):
            await desk.buy("1", symbol=symbol)
            await desk.exit("stop", "sell", "1", "95", "80", symbol=symbol)
        noon = desk.clock.now()
        await desk.clock.sleep_until(noon + timedelta(minutes=3))
        fills = await desk.exchange.fills(noon)
        assert [(f.symbol, (f.time - noon).total_seconds() // 60) for f in fills[2:]] == [
            ("SOL", 1),
            ("ETH", 2),
        ]
        assert [f.trade_id for f in fills] == ["1", "2", "3", "4"]
