"""An account does not trade with itself, and post-only orders never take."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.domain.order import OrderStatus, TimeInForce

pytestmark = pytest.mark.anyio

D = Decimal
NO_MATCH = "Order could not immediately match against any resting orders."


async def _bid_inside_the_spread(desk):
    """Rest a bid at 100.01: better than the market's 99.98, below its ask of 100.02."""
    bid = await desk.rest("buy", "1", "100.01", tif=TimeInForce.ALO)
    assert bid.status is OrderStatus.RESTING
    return bid


async def test_resting_side_is_cancelled_and_the_taker_fills_elsewhere(open_desk):
    async with open_desk() as desk:
        bid = await _bid_inside_the_spread(desk)
        outcome = await desk.sell("1", "99")
        assert (outcome.status, outcome.average_price) == (OrderStatus.FILLED, D("99.98"))
        found = await desk.order(bid)
        assert (found.status, found.reason) == (OrderStatus.CANCELED, "selfTradeCanceled")
        assert found.filled_size == 0
        fills = await desk.exchange.fills(desk.clock.now() - timedelta(hours=1))
        assert len(fills) == 1


async def test_an_ioc_that_meets_only_its_own_order_fills_nothing(open_desk):
    async with open_desk() as desk:
        bid = await _bid_inside_the_spread(desk)
        outcome = await desk.sell("1", "100.01")
        assert (outcome.status, outcome.reason) == (OrderStatus.CANCELED, NO_MATCH)
        assert (await desk.order(bid)).reason == "selfTradeCanceled"


async def test_own_orders_beyond_the_taker_stay(open_desk):
    async with open_desk() as desk:
        deep = await desk.rest("buy", "1", "99")
        await desk.sell("1", "99.5")
        assert (await desk.order(deep)).status is OrderStatus.RESTING


async def test_waiting_triggers_are_not_in_the_book(open_desk):
    async with open_desk() as desk:
        await desk.buy("2")
        target = await desk.exit("target", "sell", "1", "105", "99")
        await desk.buy("1")
        assert (await desk.order(target)).status is OrderStatus.RESTING


async def test_refused_taker_cancels_nothing(open_desk):
    async with open_desk() as desk:
        bid = await _bid_inside_the_spread(desk)
        refused = await desk.sell("3000", "99")
        assert refused.reason == "Insufficient margin to place order."
        assert (await desk.order(bid)).status is OrderStatus.RESTING


async def test_post_only_against_an_own_order_is_refused_with_that_price(open_desk):
    async with open_desk() as desk:
        await _bid_inside_the_spread(desk)
        outcome = await desk.rest("sell", "1", "100.01", tif=TimeInForce.ALO)
        assert (outcome.status, outcome.reason) == (
            OrderStatus.REJECTED,
            "Post only order would have immediately matched, bbo was 100.01@100.02.",
        )
