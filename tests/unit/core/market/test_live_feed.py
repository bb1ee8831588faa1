from __future__ import annotations

from datetime import timedelta

import anyio
import pytest

from nof0_core.clock import stopwatch
from nof0_core.errors import DataError, EndOfDataError, TransientError

pytestmark = pytest.mark.anyio
SYMBOLS = ("BTC", "ETH", "DOGE")


async def test_callers_at_once_wait_for_one_fetch_and_share_its_result(asked, feed_of):
    feed = feed_of(asked)
    await feed.open()
    moments = []

    async def look():
        moments.append(await feed.moment(SYMBOLS))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(look)
    assert all(moment is moments[0] for moment in moments)
    assert len(asked.asked) == 1 + 6


async def test_a_coin_the_market_lacks_is_refused_with_the_one_that_was_meant(asked, feed_of):
    with pytest.raises(DataError, match='no DOGEE, did you mean "DOGE"') as caught:
        await feed_of(asked).open(["DOGEE"])
    assert "symbols" in caught.value.hints[0]


async def test_overlapping_choices_at_once_fetch_each_series_once(asked, feed_of):
    feed = feed_of(asked)
    await feed.open()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed.moment, ["BTC", "ETH"])
        tasks.start_soon(feed.moment, ["ETH", "DOGE"])
    series = [each for each in asked.asked if each[1:2] in (("3m",), ("1h",))]
    assert len(series) == len(set(series)) == 6


async def test_bars_are_asked_for_again_only_when_one_has_closed(asked, feed_of, steady):
    feed = feed_of(asked)
    await feed.open()
    await feed.moment(["BTC"])
    asked.asked.clear()
    steady.moment += timedelta(seconds=100)
    await feed.moment(["BTC"])
    assert asked.asked == [("BTC",)]
    asked.asked.clear()
    steady.moment += timedelta(seconds=81)
    moment = await feed.moment(["BTC"])
    assert asked.asked == [("BTC",), ("BTC", "3m", 210)]
    assert moment.snapshots["BTC"].series["3m"].candles.last_close_time == moment.time - timedelta(
        seconds=1
    )


async def test_a_moment_serves_for_a_second_but_not_past_the_close_of_a_bar(asked, feed_of, steady):
    feed = feed_of(asked)
    await feed.open()
    steady.moment += timedelta(seconds=170)
    first = await feed.moment(["BTC"])
    steady.moment += timedelta(seconds=0.9)
    assert await feed.moment(["BTC"]) is first
    steady.moment += timedelta(seconds=0.2)
    assert await feed.moment(["BTC"]) is not first
    steady.moment += timedelta(seconds=8.5)
    late = await feed.moment(["BTC"])
    steady.moment += timedelta(seconds=0.6)
    assert await feed.moment(["BTC"]) is not late


async def test_enough_history_is_fetched_for_warm_indicators(asked, feed_of):
    feed = feed_of(asked, series_bars=20)
    await feed.open()
    moment = await feed.moment(["BTC"])
    assert all(each[2] == 220 for each in asked.asked if len(each) == 3)
    series = moment.snapshots["BTC"].series["1h"]
    assert len(series.candles) == 20
    assert not any(map(_has_nan, series.indicators.values()))


def _has_nan(values):
    return bool((values != values).any())  # noqa: PLR0124 - only NaN differs from itself


async def test_a_provider_that_gives_an_open_bar_is_refused(asked, feed_of, steady):
    asked.peeks = True
    feed = feed_of(asked)
    await feed.open()
    steady.moment += timedelta(seconds=61)
    moment = await feed.moment(["BTC"])
    assert not moment.snapshots
    assert (
        "gave a bar that closes at 2025-07-14 00:03:00, after 2025-07-14 00:01:01"
        in (moment.missing["BTC"])
    )


async def test_a_failed_series_hurts_only_its_symbol_and_is_not_asked_for_at_once_again(
    asked, feed_of, steady
):
    asked.failing["ETH", "3m"] = TransientError("the venue timed out")
    feed = feed_of(asked)
    await feed.open()
    moment = await feed.moment(SYMBOLS)
    assert list(moment.snapshots) == ["BTC", "DOGE"]
    assert moment.missing == {"ETH": "the venue timed out"}
    requests = len(asked.asked)
    await feed.moment(["ETH"])
    assert len(asked.asked) == requests
    asked.failing.clear()
    steady.moment += timedelta(seconds=2)
    assert not (await feed.moment(SYMBOLS)).missing


async def test_a_failed_quote_request_fails_closed_for_all_it_was_for(asked, feed_of):
    asked.failing["ETH"] = TransientError("rate limit")
    feed = feed_of(asked)
    await feed.open()
    moment = await feed.moment(SYMBOLS)
    assert moment.missing == dict.fromkeys(SYMBOLS, "rate limit")
    assert await feed.quotes(SYMBOLS) == {}


async def test_bad_data_of_one_quote_is_told_apart_from_the_others(asked, feed_of):
    asked.failing["ETH"] = DataError("ETH has no mark")
    feed = feed_of(asked)
    await feed.open()
    moment = await feed.moment(SYMBOLS)
    assert list(moment.snapshots) == ["BTC", "DOGE"]
    assert moment.missing == {"ETH": "ETH has no mark"}


async def test_a_bar_that_comes_late_is_asked_for_each_second_until_too_old(asked, feed_of, steady):
    feed = feed_of(asked)
    await feed.open()
    await feed.moment(["BTC"])
    at = asked.all["BTC", "3m"]
    count = int((at.open_time + 180_000 <= 1_752_451_200_000).sum())
    asked.all["BTC", "3m"] = at[:count]
    asked.asked.clear()
    steady.moment += timedelta(seconds=181)
    assert "BTC" in (await feed.moment(["BTC"])).snapshots
    steady.moment += timedelta(seconds=2)
    assert "BTC" in (await feed.moment(["BTC"])).snapshots
    assert [each[1] for each in asked.asked if len(each) == 3] == ["3m", "3m"]
    steady.moment += timedelta(seconds=360)
    moment = await feed.moment(["BTC"])
    assert "the newest 3m bar of BTC closed at 2025-07-14 00:00" in moment.missing["BTC"]


async def test_a_cancelled_caller_leaves_the_fetch_to_the_next(asked, feed_of):
    feed = feed_of(asked)
    await feed.open()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await feed.moment(SYMBOLS)
    assert scope.cancelled_caught
    assert not (await feed.moment(SYMBOLS)).missing


async def test_the_end_of_the_data_ends_the_run_even_where_it_shows_in_one_series(asked, feed_of):
    asked.failing["ETH", "1h"] = EndOfDataError("no more bars")
    feed = feed_of(asked)
    await feed.open()
    with pytest.raises(EndOfDataError, match="no more bars"):
        await feed.moment(SYMBOLS)


async def test_a_market_that_never_answers_costs_no_more_than_its_limit(asked, feed_of):
    feed = feed_of(asked, quotes_within=0.0, candles_within=0.0)
    await feed.open()
    moment = await feed.moment(["BTC"])
    assert moment.missing == {"BTC": "market paper: quotes did not answer within 0 s"}


async def test_bars_that_never_come_hurt_only_their_coin(asked, feed_of):
    feed = feed_of(asked, candles_within=0.0)
    await feed.open()
    moment = await feed.moment(["BTC"])
    assert moment.missing == {"BTC": "market paper: candles did not answer within 0 s"}


async def test_a_clock_set_back_lets_nothing_of_the_future_serve(asked, feed_of, steady):
    feed = feed_of(asked)
    await feed.open()
    await feed.moment(["BTC"])
    asked.asked.clear()
    steady.moment -= timedelta(hours=1)
    moment = await feed.moment(["BTC"])
    assert asked.asked == [("BTC",), ("BTC", "3m", 210), ("BTC", "1h", 210)]
    assert moment.snapshots["BTC"].series["3m"].candles.last_close_time <= steady.moment


async def test_a_call_that_hangs_is_named_with_its_section_and_verb(asked, feed_of):
    feed = feed_of(asked)
    await feed.open()
    began = stopwatch()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed.quotes, ["BTC"])
        await anyio.lowlevel.checkpoint()
        assert feed.overdue(began) == ""
        found = feed.overdue(stopwatch() + 61)
    assert "quotes has not answered for 60 s" in found
    assert feed.overdue(stopwatch() + 61) == ""


async def test_calls_are_counted_and_those_that_strike_their_limit_apart(asked, feed_of):
    feed = feed_of(asked, quotes_within=0.01, candles_within=0.01)
    await feed.open()
    await feed.moment(["BTC"])
    assert {verb: sum(t.counts) for verb, t in feed.timings.items()} == {"quotes": 1, "candles": 2}
    assert not any(t.late or t.failed for t in feed.timings.values())

    async def hangs(*_):
        await anyio.sleep_forever()

    asked.quotes = hangs
    asked.clock.moment += timedelta(hours=1)
    await feed.quotes(["BTC"])
    assert (feed.timings["quotes"].late, feed.timings["quotes"].failed) == (1, 0)


async def test_a_held_coin_that_is_not_listed_any_more_keeps_no_feed_from_opening(asked, feed_of):
    feed = feed_of(asked)
    await feed.open(["BTC", "GONE"], delisted=["GONE"])
    moment = await feed.moment(["BTC", "GONE"])
    assert list(moment.snapshots) == ["BTC"]
    assert "unknown symbol GONE" in moment.missing["GONE"]
