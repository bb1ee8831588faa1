from datetime import timedelta

import anyio
import attrs
import pytest
from aiohttp import web

from nof0_core.domain.health import Health
from nof0_core.errors import DataError, TransientError
from nof0_core.protocols import MarketCapability
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig

pytestmark = pytest.mark.anyio
SIX = ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")


def refused(_):
    return web.Response(text="null", status=429, content_type="application/json")


async def test_one_request_serves_everybody_who_asks_at_the_same_time(market, venue):
    found = []

    async def trader(coins):
        found.append(await market.quotes(coins))

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(trader, SIX[number % 6 :])
    await market.quotes(SIX)
    await market.instruments()
    assert venue.kinds() == ["metaAndAssetCtxs"]
    assert len(found) == 10


async def test_a_thousand_traders_keep_the_budget(market, venue, clock):
    async def trader(number):
        coins = SIX[number % 6 :]
        await market.quotes(coins)
        await market.candles(coins[0], ("3m", "4h")[number % 2], clock.now(), 300)
        await market.books(coins)

    async with anyio.create_task_group() as tasks:
        for number in range(1000):
            tasks.start_soon(trader, number)
    kinds = venue.kinds()
    assert kinds.count("metaAndAssetCtxs") == 1
    assert kinds.count("l2Book") <= 2 * 6
    assert kinds.count("candleSnapshot") <= 2 * 12
    assert market._budget.figures()["weight_used"] <= 960


async def test_a_second_later_prices_are_asked_for_anew(market, venue, clock):
    first = (await market.quotes(["BTC"]))["BTC"]
    await clock.sleep_until(clock.now() + timedelta(seconds=3))
    second = (await market.quotes(["BTC"]))["BTC"]
    assert (first.mark, second.time - first.time) != (second.mark, timedelta(0))
    assert second.time == clock.now()


async def test_a_refusal_is_the_answer_of_all_who_waited(kind, venue, env):
    config = HyperliquidMarketConfig(stream=False, base_url=venue.url, max_retries=0)
    venue.instead["metaAndAssetCtxs"] = [refused] * 10
    errors = []

    async def trader(market):
        try:
            await market.quotes(["BTC"])
        except TransientError as error:
            errors.append(error)

    async with kind.open(config, env) as market:
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(trader, market)
        assert market.health()[0] is Health.DOWN
    assert len(errors) == 10
    assert venue.kinds() == ["metaAndAssetCtxs"]


async def test_a_delisted_coin_has_no_price_and_says_so(market, venue):
    venue.delisted = ["ETH"]
    assert [*(await market.quotes(SIX))] == [s for s in SIX if s != "ETH"]
    assert "ETH" not in await market.instruments()
    with pytest.raises(DataError, match="ETH is delisted"):
        await market.candles("ETH", "3m", venue.clock.now(), 5)
    assert [*(await market.books(["ETH", "BTC"]))] == ["BTC"]


async def test_a_coin_delisted_during_a_run_is_told(kind, config, env, venue, clock):
    env = attrs.evolve(env, symbols=SIX)
    async with kind.open(config, env) as market:
        await market.quotes(SIX)
        venue.delisted = ["SOL"]
        await clock.sleep_until(clock.now() + timedelta(seconds=5))
        await market.quotes(SIX)
    told = [(event, values.get("code")) for _, event, values in env.log.lines]
    assert ("test: no longer traded at the venue: SOL", "plugin_delisted") in told


async def test_changed_rules_are_seen_and_told(kind, config, env, venue, clock):
    env = attrs.evolve(env, symbols=SIX)
    async with kind.open(config, env) as market:
        before = (await market.instruments())["BTC"]

        def other(answer):
            answer[0]["universe"][0]["maxLeverage"] = 10
            return answer

        venue.instead["metaAndAssetCtxs"] = [other]
        await clock.sleep_until(clock.now() + timedelta(minutes=6))
        after = (await market.instruments())["BTC"]
    assert (before.max_leverage, after.max_leverage) == (20, 10)
    assert any("changed the rules: BTC" in event for _, event, _ in env.log.lines)


async def test_prices_that_stand_still_are_as_old_as_they_are(market, venue, clock, env):
    first = (await market.quotes(["BTC"]))["BTC"]
    venue.frozen = venue.now
    await clock.sleep_until(clock.now() + timedelta(seconds=50))
    assert (await market.quotes(["BTC"]))["BTC"].time == clock.now()
    await clock.sleep_until(clock.now() + timedelta(seconds=50))
    stale = (await market.quotes(["BTC"]))["BTC"]
    assert stale.time == first.time
    assert market.health() == (
        Health.DEGRADED,
        "prices stand still at the venue: BTC, ETH, SOL, BNB, DOGE",
    )
    assert any(values.get("code") == "plugin_stale_prices" for _, _, values in env.log.lines)
    venue.frozen = None
    await clock.sleep_until(clock.now() + timedelta(seconds=5))
    assert (await market.quotes(["BTC"]))["BTC"].time == clock.now()
    assert market.health() == (Health.OK, "")


async def test_a_mark_that_does_not_follow_its_oracle_is_stale(market, venue, clock):
    def stuck(answer):
        answer[1][0] |= {"markPx": "60000.0", "oraclePx": "60001.0"}
        answer[1][1] |= {"markPx": "60000.0", "oraclePx": "60001.0"}
        return answer

    def moved(answer):
        answer[1][0] |= {"markPx": "60000.0", "oraclePx": "61001.0"}
        answer[1][1] |= {"markPx": "60000.0", "oraclePx": "60002.0"}
        return answer

    venue.instead["metaAndAssetCtxs"] = [stuck, moved]
    first = await market.quotes(["BTC", "ETH"])
    await clock.sleep_until(clock.now() + timedelta(seconds=90))
    second = await market.quotes(["BTC", "ETH"])
    assert second["BTC"].time == first["BTC"].time
    assert second["ETH"].time == clock.now()


async def test_one_senseless_coin_leaves_the_others_their_prices(market, venue):
    def broken(answer):
        answer[1][1]["markPx"] = None
        return answer

    venue.instead["metaAndAssetCtxs"] = [broken]
    with pytest.raises(DataError, match="on ETH makes no sense: markPx: is None"):
        await market.quotes(SIX)
    assert len(await market.quotes([s for s in SIX if s != "ETH"])) == 5
    assert venue.kinds() == ["metaAndAssetCtxs"]


async def test_names_of_a_dex_are_the_coins_own(kind, venue, env):
    venue.coins = ["TSLA", "*A?", "XYZ100"]
    config = HyperliquidMarketConfig(stream=False, base_url=venue.url, dex="xyz")
    async with kind.open(config, env) as market:
        assert [*(await market.instruments())] == venue.coins
        assert [*(await market.quotes(["TSLA"]))] == ["TSLA"]
        assert (await market.books(["TSLA"]))["TSLA"].symbol == "TSLA"
        assert len(await market.candles("TSLA", "3m", env.clock.now(), 5)) == 5
    assert {each.get("dex") for each in venue.asked if each["type"] == "metaAndAssetCtxs"} == {
        "xyz"
    }
    [asked] = [each["req"] for each in venue.asked if each["type"] == "candleSnapshot"]
    assert asked["coin"] == "xyz:TSLA"


async def test_books_are_asked_for_at_once_and_once(market, venue):
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(market.books, SIX)
    books = await market.books([*SIX, "NOSUCHCOIN"])
    assert set(books) == set(SIX)
    assert venue.kinds().count("l2Book") == 6


async def test_a_bad_book_leaves_the_others(market, venue):
    venue.instead["l2Book"] = [{"coin": "BTC"}]
    assert len(await market.books(SIX)) == 5


async def test_words_of_the_market(market):
    assert MarketCapability.RECORDING not in market.capabilities


async def test_sections_of_a_network_share_a_budget(kind, config, env, venue):
    async with kind.open(config, env) as one, kind.open(config, env) as other:
        await one.quotes(["BTC"])
        await other.quotes(["BTC"])
        assert one._budget is other._budget
        assert one._budget.figures()["weight_used"] == 40
