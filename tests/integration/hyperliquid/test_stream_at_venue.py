"""The market's stream at the local venue: drops, silence, broken messages, many who ask."""

import os
import random
from datetime import timedelta

import anyio
import attrs
import pytest
from anyio.from_thread import start_blocking_portal
from scripted_venue import until

from nof0_core.domain.candles import Interval, interval_ms, to_ms
from nof0_core.domain.health import Health
from nof0_core.ids import Symbol
from nof0_core.market.feed import MarketFeed
from nof0_core.testing import env
from nof0_core.testing.contracts import MarketContract
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearsal.faults import Harm
from nof0_provider_hyperliquid.rehearsal.listing import ASSETS
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings

pytestmark = pytest.mark.anyio

MINUTES = 24 * 60 if os.environ.get("NOF0_SPAN") else 15
"""`NOF0_SPAN=day`: a whole day."""
SIX = tuple(Symbol(name) for name in ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP"))
SECOND = timedelta(seconds=1)


LISTED = tuple(asset for asset in ASSETS if asset.name in SIX)
SETTINGS = VenueSettings(
    history=timedelta(days=3),
    assets=[attrs.evolve(asset, index=index) for index, asset in enumerate(LISTED)],
)


@pytest.fixture
async def venue():
    async with Venue.open(SETTINGS) as opened:
        yield opened


@pytest.fixture
async def made(venue):
    async with env(clock=venue.clock) as surroundings:
        yield surroundings


@pytest.fixture
def kind():
    [found] = plugin.nof0_market_providers()
    return found


@pytest.fixture
def config(venue):
    return HyperliquidMarketConfig(base_url=venue.base_url)


@pytest.fixture
async def market(kind, config, made):
    async with kind.open(config, made) as opened:
        yield opened


async def live(venue, seconds, beat=SECOND):
    """Let time pass, and others have their turns."""
    end = venue.clock.now() + timedelta(seconds=seconds)
    while venue.clock.now() < end:
        step = min(beat, end - venue.clock.now())
        await venue.advance(step, step)
        await anyio.sleep(0.002)


async def streaming(venue, market, symbols=SIX):
    """Wait until the stream tells the prices of all."""
    await market.quotes(symbols)
    while len(market._stream.quotes.contexts(symbols)) < len(symbols):
        await live(venue, 1)


def truth(venue, coin, interval, opened):
    """A bar as it is in the end, in the venue's own words."""
    length = interval_ms(interval)
    bar = venue.market.bar(coin, opened, length, opened + length)
    said = venue._info.candle(coin, interval, bar)
    return (opened, *(float(said[key]) for key in "ohlcv"))


async def looked_at(venue, market, symbol, interval, limit, shown):
    """Ask for bars; remember them, and check that none is early, missing, twice or another."""
    now, length = to_ms(venue.clock.now()), interval_ms(interval)
    bars = await market.candles(symbol, interval, venue.clock.now(), limit)
    times = bars.open_time.tolist()
    assert times == list(range(times[0], times[-1] + 1, length)), "a gap, or a bar twice"
    assert times[-1] <= now // length * length - length, "a bar that is still open"
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    for row in zip(times, *columns, strict=True):
        assert shown.setdefault((symbol, interval, row[0]), row) == row, "it was another one before"
    return times[-1]


class TestStreamedMarket(MarketContract):
    """The suite, with a stream that tells what it asks for again."""

    @pytest.fixture
    def venue(self):
        # In a thread of its own: its tasks are none of the market's.
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(Venue.open(SETTINGS)) as opened,
        ):
            yield opened

    @pytest.fixture
    def kind(self, kind):
        return kind

    @pytest.fixture
    def config(self, config):
        return config

    @pytest.fixture
    async def env(self, made):
        return made

    @pytest.fixture
    def oldest_quote(self):
        return timedelta(seconds=10)


async def test_a_bar_of_the_stream_costs_one_request_and_prices_none(venue, market):
    shown = {}
    await streaming(venue, market)
    for symbol in SIX:
        await looked_at(venue, market, symbol, Interval("1m"), 20, shown)
    await live(venue, 61 - to_ms(venue.clock.now()) // 1000 % 60)
    before = venue.audit.by_type()
    for _ in range(3):
        await live(venue, 60)
        quotes = await market.quotes(SIX)
        assert all(
            venue.clock.now() - each.time <= timedelta(seconds=5) for each in quotes.values()
        )
        for symbol in SIX:
            newest = await looked_at(venue, market, symbol, Interval("1m"), 20, shown)
            assert newest == to_ms(venue.clock.now()) // 60_000 * 60_000 - 60_000
    after = venue.audit.by_type() - before
    assert after["candleSnapshot"] <= 3 * len(SIX)
    assert after["metaAndAssetCtxs"] <= 1
    assert all(row == truth(venue, *key) for key, row in shown.items())
    assert market.health() == (Health.OK, "")


async def test_no_bar_is_wrong_where_the_stream_leaves_out_half_of_what_it_tells(venue, market):
    shown = {}
    venue.faults.add(Harm.MISSED, "candle", chance=0.5)
    await streaming(venue, market, SIX[:2])
    for _ in range(6):
        for symbol in SIX[:2]:
            await looked_at(venue, market, symbol, Interval("1m"), 10, shown)
        await live(venue, 63 - to_ms(venue.clock.now()) // 1000 % 60, 3 * SECOND)
    assert all(row == truth(venue, *key) for key, row in shown.items())


@pytest.mark.slow
async def test_drops_every_minute_and_messages_that_are_repeated_or_broken(venue, market):
    rng = random.Random(5)
    shown = {}
    venue.faults.add(Harm.REPEATED, chance=0.05)
    venue.faults.add(Harm.UNREADABLE, chance=0.02)
    coins, intervals = SIX[:2], (Interval("1m"), Interval("3m"))
    await streaming(venue, market, coins)
    first = to_ms(venue.clock.now())
    newest = 0
    for _ in range(MINUTES):
        at = rng.randrange(60)
        await live(venue, at, 3 * SECOND)
        venue.sockets.drop()
        await until(lambda: not market._stream._socket._is_open)
        await live(venue, 60 - at, 3 * SECOND)
        async with anyio.create_task_group() as tasks:
            for coin in coins:
                for interval in intervals:
                    ask = (venue, market, coin, interval, 10, shown)
                    tasks.start_soon(looked_at, *ask)  # at once, as an engine does
            await live(venue, 4)
        await live(venue, 2)  # what was asked for at once serves for a second
        for coin in coins:
            newest = await looked_at(venue, market, coin, intervals[0], 10, shown)
            assert newest == to_ms(venue.clock.now()) // 60_000 * 60_000 - 60_000
    assert all(row == truth(venue, *key) for key, row in shown.items())
    for coin in coins:
        times = sorted(t for s, i, t in shown if (s, i) == (coin, "1m"))
        assert times == list(range(times[0], newest + 1, 60_000))
        assert times[0] < first
    assert len(venue.audit.connections) >= 0.8 * MINUTES
    assert venue.audit.most_connections <= 30
    assert venue.audit.most_sockets <= 10
    assert venue.audit.refused_connections == 0


async def test_a_muted_venue_is_polled_and_noticed_within_a_minute(venue, market):
    await streaming(venue, market)
    venue.sockets.is_muted = True
    connections = len(venue.audit.connections)
    waited = 0
    while len(venue.audit.connections) == connections:
        await live(venue, 1)
        waited += 1
        quotes = await market.quotes(SIX)
        assert set(quotes) == set(SIX)
        assert all(
            venue.clock.now() - each.time <= timedelta(seconds=6) for each in quotes.values()
        )
    assert 25 <= waited <= 62
    assert market.health()[0] is Health.DEGRADED or waited < 62
    await live(venue, 30)
    assert market.health()[0] is Health.DEGRADED
    venue.sockets.is_muted = False
    await live(venue, 90)
    await streaming(venue, market)
    assert market.health() == (Health.OK, "")


async def test_a_coin_the_venue_does_not_stream_is_polled(venue, market, made):
    venue.faults.add(Harm.MISSED, "activeAssetCtx")
    for _ in range(5):
        await live(venue, 3)
        assert set(await market.quotes(SIX)) == set(SIX)


@pytest.mark.parametrize("traders", [10, 1_000])
async def test_many_traders_cause_the_requests_of_one(kind, config, traders):
    asked = []
    for count in (1, traders):
        async with Venue.open(SETTINGS) as venue:
            at = HyperliquidMarketConfig(base_url=venue.base_url)
            async with env(clock=venue.clock) as made, kind.open(at, made) as market:
                feed = MarketFeed(
                    section="hl",
                    provider=market,
                    clock=venue.clock,
                    intervals=(Interval("1m"), Interval("1h")),
                    indicators=(),
                    series_bars=10,
                )
                await feed.open(SIX)
                seen = []

                async def look(feed=feed, seen=seen):
                    seen.append(await feed.moment(SIX))

                for _ in range(4):
                    async with anyio.create_task_group() as tasks:
                        for _ in range(count):
                            tasks.start_soon(look)
                        await anyio.sleep(0.05)
                    await live(venue, 61, 3 * SECOND)
                assert len(seen) == 4 * count
                assert not any(view.missing for view in seen)
                assert venue.audit.most_weight <= 1_200
                assert venue.audit.most_messages <= 2_000
                assert venue.audit.most_sockets <= 10
                asked.append(venue.audit.by_type())
    # Six coins, two intervals, four looks; how many are asked for of REST is up to what the stream
    # has told by then, never to how many look.
    for counted in asked:
        assert 12 <= counted["candleSnapshot"] <= 2 * 12 * 4
        assert counted["metaAndAssetCtxs"] <= 2 * 4


async def test_closing_the_market_ends_its_connection(venue, kind, config, made):
    async with kind.open(config, made) as market:
        await streaming(venue, market)
        assert len(venue.sockets.clients) == 1
    await until(lambda: not venue.sockets.clients)
    assert not market._stream._socket._is_open


async def test_without_the_stream_everything_is_asked_for(venue, kind, made):
    config = HyperliquidMarketConfig(base_url=venue.base_url, stream=False)
    async with kind.open(config, made) as market:
        for _ in range(3):
            assert set(await market.quotes(SIX)) == set(SIX)
            await live(venue, 2)
        assert not hasattr(market, "quote_updates")
    assert venue.audit.connections == []
    assert venue.audit.count("metaAndAssetCtxs") == 3
