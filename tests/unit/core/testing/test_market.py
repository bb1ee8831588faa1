from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import Interval
from nof0_core.ids import Symbol
from nof0_core.testing import START, HandMarket

pytestmark = pytest.mark.anyio
BTC = Symbol("BTC")


async def test_price_holds_from_the_moment_it_is_set():
    clock = SimulatedClock(START)
    market = HandMarket(clock)
    await clock.sleep_until(START + timedelta(minutes=4))
    market.set("BTC", "101000")
    await clock.sleep_until(START + timedelta(minutes=9))
    bars = await market.candles(BTC, Interval("3m"), clock.now(), 3)
    assert bars.open.tolist() == [100_000, 100_000, 101_000]
    assert bars.high.tolist() == [100_000, 101_000, 101_000]
    assert bars.low.tolist() == [100_000, 100_000, 101_000]
    assert bars.close.tolist() == [100_000, 101_000, 101_000]
    assert (await market.quotes([BTC]))[BTC].mark == Decimal(101_000)


async def test_price_set_at_the_close_belongs_to_the_next_bar():
    clock = SimulatedClock(START)
    market = HandMarket(clock)
    await clock.sleep_until(START + timedelta(minutes=3))
    market.set("BTC", "90000")
    bars = await market.candles(BTC, Interval("3m"), clock.now(), 1)
    assert bars.close.tolist() == [100_000]
