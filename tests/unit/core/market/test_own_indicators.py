"""Several lists of indicators on one market: bars are fetched, and results computed, once."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from nof0_core.config.model import IndicatorConfig
from nof0_core.indicators import computed
from nof0_core.indicators.computed import Computed
from nof0_core.market import record

pytestmark = pytest.mark.anyio

EMA3 = IndicatorConfig(name="fast", function="EMA", parameters={"timeperiod": 3})
RSI7 = IndicatorConfig(name="strength", function="RSI", parameters={"timeperiod": 7})
SLOW = IndicatorConfig(name="slow", function="SMA", parameters={"timeperiod": 900})
OWN = {"mine": (EMA3, RSI7), "other": (EMA3,)}


@pytest.fixture(params=["recorded", "asked"])
async def market(request, steady, clock):
    made = request.getfixturevalue(request.param)
    await made.clock.sleep_until(made.clock.now() + timedelta(days=3))
    return made


async def opened(feed_of, market, **settings):
    feed = feed_of(market, own=OWN, **settings)
    await feed.open()
    return feed


async def test_each_list_is_shown_to_who_asks_for_it(market, feed_of):
    feed = await opened(feed_of, market)
    plain = await feed.moment(["BTC"])
    mine = await feed.moment(["BTC"], indicators="mine")
    a, b = (moment.snapshots["BTC"].series["3m"] for moment in (plain, mine))
    assert list(a.indicators) == ["ema20", "macd", "macd_signal", "macd_hist", "rsi7"]
    assert list(b.indicators) == ["fast", "strength"]
    assert b.candles == a.candles
    assert np.array_equal(b.indicators["strength"], a.indicators["rsi7"])
    assert len(b.indicators["fast"]) == 10
    assert mine.digest == record.digest(record.encode(mine.snapshots)) != plain.digest


async def test_who_has_no_list_sees_the_same_as_if_nobody_had_one(market, feed_of):
    alone = feed_of(market)
    await alone.open()
    among = await opened(feed_of, market)
    before = (await alone.moment(["BTC", "ETH"])).digest
    await among.moment(["BTC"], indicators="mine")
    assert (await among.moment(["BTC", "ETH"])).digest == before


async def test_bars_are_fetched_once_for_all_lists(market, feed_of):
    feed = await opened(feed_of, market)
    for _ in range(3):
        for name in ("mine", "", "other"):
            await feed.moment(["BTC", "ETH"], indicators=name)
        market.clock.now()
    asked = [
        a for a in market.asked if len(a) == 3 and a[0] in ("BTC", "ETH") and a[1] in ("3m", "1h")
    ]
    assert len(asked) == 4


async def test_a_new_bar_is_in_every_list(market, feed_of):
    feed = await opened(feed_of, market)
    first = (await feed.moment(["BTC"], indicators="mine")).snapshots["BTC"].series["3m"]
    await market.clock.sleep_until(market.clock.now() + timedelta(minutes=3))
    second = (await feed.moment(["BTC"], indicators="mine")).snapshots["BTC"].series["3m"]
    assert second.candles.open_time[-1] == first.candles.open_time[-1] + 180_000
    assert second.indicators["fast"][-2] == pytest.approx(first.indicators["fast"][-1])


async def test_what_several_lists_have_is_computed_once(recorded, feed_of, monkeypatch):
    made = []
    recipe_of = computed.recipe_of
    monkeypatch.setattr(
        computed, "recipe_of", lambda config: made.append(config.name) or recipe_of(config)
    )
    feed = await opened(feed_of, recorded)
    await recorded.clock.sleep_until(recorded.clock.now() + timedelta(days=3))
    for name in ("", "mine", "other"):
        await feed.moment(["BTC"], indicators=name)
    # Two intervals; RSI over 7 bars has two names.
    assert sorted(made) == sorted(2 * ["ema20", "macd", "rsi7", "fast"])


async def test_enough_bars_are_fetched_for_the_slowest_of_all_lists(asked, feed_of):
    feed = feed_of(asked, own={"slow": (SLOW,)})
    await feed.open()
    await feed.moment(["BTC"])
    assert {limit for *_, limit in (a for a in asked.asked if a[0] == "BTC" and len(a) == 3)} == {
        4 * 899 + 10
    }


async def test_a_list_of_nothing_shows_bars_alone(market, feed_of):
    feed = feed_of(market, own={"none": ()})
    await feed.open()
    moment = await feed.moment(["BTC"], indicators="none")
    assert dict(moment.snapshots["BTC"].series["3m"].indicators) == {}


def test_parameters_left_out_are_talibs_own(recorded):
    bars = recorded.all["BTC", "3m"]
    short = IndicatorConfig(name="a", function="RSI")
    long = IndicatorConfig(name="b", function="RSI", parameters={"timeperiod": 14})
    results = Computed(bars).of([short, long])
    assert results["a"] is results["b"]
