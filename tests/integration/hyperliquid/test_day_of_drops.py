"""A day on which the connection is lost every minute: no bar lost, none twice, none early."""

import os
import random
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest
from scripted_venue import until

from nof0_core.domain.candles import Interval, to_ms
from nof0_core.ids import Symbol
from nof0_core.testing import env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearsal.listing import ASSETS
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
if os.environ.get("NOF0_SPAN"):
    pytestmark.append(pytest.mark.timeout(0))  # How long it is is for whoever asks to say.

BTC, M1, MINUTE = Symbol("BTC"), Interval("1m"), 60_000
MINUTES = 24 * 60 if os.environ.get("NOF0_SPAN") else 60
"""`NOF0_SPAN=day`: a whole day; else an hour of it."""


@pytest.fixture
async def venue():
    async with Venue.open(VenueSettings(assets=ASSETS[:1], history=timedelta(days=1))) as opened:
        yield opened


async def pass_until(venue, rng, end):
    """Let time pass up to a moment (ms), a few seconds at a time; the venue tells what happens."""
    while venue.now_ms() < end:
        step = timedelta(milliseconds=min(end - venue.now_ms(), rng.randint(500, 9_000)))
        await venue.advance(step, step)
        await anyio.sleep(0.002)  # what comes over the socket comes meanwhile


def truth(venue, opened):
    """A bar as it is in the end, in the venue's own words."""
    bar = venue.market.bar("BTC", opened, MINUTE, opened + MINUTE)
    said = venue._info.candle("BTC", "1m", bar)
    return (opened, *(float(said[key]) for key in "ohlcv"))


async def test_a_day_with_a_drop_every_minute(venue):
    rng = random.Random(11)
    clock = venue.clock
    shown = {}
    asked = []
    [kind] = plugin.nof0_market_providers()
    config = HyperliquidMarketConfig(base_url=venue.base_url)

    async def ask(limit, must_have_newest):
        now = venue.now_ms()
        newest = now // MINUTE * MINUTE - MINUTE
        bars = await market.candles(BTC, M1, clock.now(), limit)
        times = bars.open_time.tolist()
        assert times == list(range(times[0], times[-1] + 1, MINUTE)), "a gap, or a bar twice"
        assert times[-1] <= newest, "a bar that is still open"
        assert times[-1] >= newest - MINUTE
        if must_have_newest:
            assert times[-1] == newest
            assert len(times) == limit
        for row in zip(times, bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True):
            assert shown.setdefault(row[0], row) == row, "a bar that was shown otherwise before"
        asked.append(times[-1])

    async with env(clock=clock) as made, kind.open(config, made) as market:
        await market.quotes([BTC])
        await ask(10, must_have_newest=False)
        first = to_ms(clock.now())
        for minute in range(first, first + MINUTES * MINUTE, MINUTE):
            drop = rng.randrange(MINUTE)
            await pass_until(venue, rng, minute + drop)
            await market.quotes([BTC])
            venue.sockets.drop()
            await until(lambda: not market._stream._socket._is_open)
            await pass_until(venue, rng, minute + MINUTE)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask, 10, False)  # at once, as an engine does
                await anyio.lowlevel.checkpoint()
                await pass_until(venue, rng, minute + MINUTE + 2_500)
            # What was asked for at once serves for a second; it may lack the newest bar.
            await pass_until(venue, rng, minute + MINUTE + 4_500)
            await ask(10, must_have_newest=True)

    assert all(row == truth(venue, opened) for opened, row in shown.items())
    assert sorted(shown) == list(range(min(shown), max(shown) + 1, MINUTE))
    assert len(shown) >= MINUTES
    assert len(venue.audit.connections) >= MINUTES / 2
    assert venue.audit.refused_connections == 0
    assert {request.status for request in venue.audit.requests} == {200}
    assert venue.audit.by_type()["candleSnapshot"] <= 3 * MINUTES
