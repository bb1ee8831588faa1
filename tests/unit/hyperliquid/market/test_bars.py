from datetime import timedelta

import anyio
import pytest

from nof0_core.domain.candles import from_ms, interval_ms, to_ms
from nof0_core.errors import DataError
from nof0_core.protocols import FundingRate

pytestmark = pytest.mark.anyio
PAGES = [
    (1, "oldest"),
    (1, "newest"),
    (7, "oldest"),
    (7, "newest"),
    (100, "newest"),
    (500, "oldest"),
    (2000, "newest"),
]


@pytest.mark.parametrize(("page", "side"), PAGES)
@pytest.mark.parametrize("interval", ["1m", "4h", "1d", "3d", "1w"])
async def test_newest_bars_are_complete_whatever_the_page(
    market, venue, clock, page, side, interval
):
    venue.page, venue.side = page, side
    venue.listed -= 600 * 86_400_000
    now, length = clock.now(), interval_ms(interval)
    bars = await market.candles("BTC", interval, now, 25)
    last = to_ms(now) // length * length - length
    assert bars.open_time.tolist() == [last - n * length for n in range(24, -1, -1)]


async def test_bars_of_a_coin_are_asked_for_once(market, venue, clock):
    results = []

    async def trader():
        results.append(await market.candles("BTC", "3m", clock.now(), 100))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(trader)
    assert venue.kinds().count("candleSnapshot") == 1
    assert all(each == results[0] for each in results)
    assert len(results[0]) == 100


async def test_a_bar_counts_as_closed_with_proof_only(market, venue, clock):
    venue.opens_bars = False
    closes = clock.now() + timedelta(seconds=30)  # 05:08:00
    for after, is_there in [(0, False), (1.9, False), (3, True)]:
        await clock.sleep_until(closes + timedelta(seconds=after))
        bars = await market.candles("BTC", "1m", clock.now(), 3)
        assert (bars.last_close_time == closes) is is_there
        assert len(bars) == 3 or not is_there


async def test_a_clock_that_is_ahead_shows_no_bar_early(market, venue, clock):
    venue.skew = timedelta(seconds=-20)
    closes = clock.now() + timedelta(seconds=30)
    await clock.sleep_until(closes + timedelta(seconds=10))
    bars = await market.candles("BTC", "1m", clock.now(), 3)
    assert bars.last_close_time == closes - timedelta(minutes=1)


async def test_a_later_bar_is_proof_at_once_and_asks_for_no_time(market, venue, clock):
    await clock.sleep_until(clock.now() + timedelta(seconds=30))
    bars = await market.candles("BTC", "1m", clock.now(), 3)
    assert bars.last_close_time == clock.now()
    assert "exchangeStatus" not in venue.kinds()


async def test_a_young_coin_has_fewer_bars(market, venue, clock):
    venue.listed = to_ms(clock.now() - timedelta(minutes=5.5))
    assert len(await market.candles("BTC", "1m", clock.now(), 100)) == 5
    before = venue.kinds().count("candleSnapshot")
    assert len(await market.candles("BTC", "1m", clock.now(), 99)) == 5
    assert venue.kinds().count("candleSnapshot") == before + 1


async def whole(pages):
    return [page async for page in pages]


@pytest.mark.parametrize(("page", "side"), PAGES)
async def test_a_download_is_complete_whatever_the_page(market, venue, clock, page, side):
    venue.page, venue.side = page, side
    start, end = clock.now() - timedelta(minutes=61), clock.now()
    pages = await whole(market.download("BTC", "1m", start, end))
    times = [int(time) for bars in pages for time in bars.open_time]
    first = to_ms(start) // 60_000 * 60_000 + 60_000
    assert times == [*range(first, to_ms(end) // 60_000 * 60_000, 60_000)]


@pytest.mark.parametrize(("page", "side"), PAGES)
async def test_funding_is_complete_whatever_the_page(market, venue, clock, page, side):
    venue.page, venue.side = page, side
    hour = timedelta(hours=1)
    end = clock.now()
    start = from_ms(to_ms(end) // 3_600_000 * 3_600_000) - 30 * hour
    pages = await whole(market.download_funding("BTC", start, end))
    found = [rate for page in pages for rate in page]
    assert [rate.time for rate in found] == [start + n * hour for n in range(31)]
    assert found[0] == FundingRate(time=start, rate=to_ms(start) // 3_600_000 % 100 / 1e6)


async def test_what_the_venue_no_longer_has_is_told_with_what_it_has(market, venue, clock):
    found = []
    pages = market.download("BTC", "1m", clock.now() - timedelta(days=10), clock.now())

    async def collect():
        async for page in pages:
            found.extend(page.open_time.tolist())

    with pytest.raises(
        DataError, match="newest 5,000 1m bars of BTC: it has them from 2026-02-28"
    ) as told:
        await collect()
    assert len(found) == 4999
    assert "nothing of 2026-02-22 05:07 to 2026-02-28 17:48" in str(told.value)
    assert from_ms(found[0]).strftime("%Y-%m-%d %H:%M") == "2026-02-28 17:48"


async def test_a_span_before_all_the_venue_has_is_told(market, venue, clock):
    start = clock.now() - timedelta(days=10)
    with pytest.raises(DataError, match="nothing of 2026-02-22"):
        await whole(market.download("BTC", "1m", start, start + timedelta(hours=1)))


async def test_a_download_from_before_the_listing_is_not_an_error(market, venue, clock):
    venue.listed = to_ms(clock.now() - timedelta(minutes=90.5))
    pages = await whole(market.download("BTC", "1m", clock.now() - timedelta(hours=2), clock.now()))
    assert sum(map(len, pages)) == 90


async def test_an_answer_full_of_one_millisecond_is_told(market, venue, clock):
    def same(answer):
        return [answer[0]] * 500

    venue.instead["fundingHistory"] = [same]
    with pytest.raises(DataError, match="500 rates of one millisecond"):
        await whole(market.download_funding("BTC", clock.now() - timedelta(days=2), clock.now()))


async def test_a_download_leaves_the_budget_to_a_run(market, venue, clock):
    await whole(market.download("BTC", "1m", clock.now() - timedelta(hours=80), clock.now()))
    began = clock.now()
    for _ in range(8):
        await whole(market.download("BTC", "1m", began - timedelta(hours=80), began))
    assert market._budget.figures()["weight_used"] <= 720 + 103
    assert clock.now() - began >= timedelta(minutes=1)
