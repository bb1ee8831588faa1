from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from nof0_core.domain.candles import Candles, interval_ms, to_ms
from nof0_core.errors import DataError, EndOfDataError
from nof0_core.market import record

pytestmark = pytest.mark.anyio
SYMBOLS = ("BTC", "ETH", "DOGE")


async def test_all_callers_of_one_time_get_the_same_object(recorded, feed_of):
    feed = feed_of(recorded)
    await feed.open()
    first = await feed.moment(SYMBOLS)
    requests = len(recorded.asked)
    assert await feed.moment(SYMBOLS) is first
    assert len(recorded.asked) == requests


async def test_another_choice_of_symbols_at_the_same_time_asks_for_nothing_twice(recorded, feed_of):
    feed = feed_of(recorded)
    await feed.open()
    await feed.moment(SYMBOLS[:2])
    recorded.asked.clear()
    moment = await feed.moment(SYMBOLS)
    assert list(moment.snapshots) == list(SYMBOLS)
    assert recorded.asked == [("DOGE",), ("DOGE", "3m", None), ("DOGE", "1h", None)]


async def test_no_bar_is_shown_before_it_has_closed(recorded, feed_of, clock):
    feed = feed_of(recorded)
    await feed.open()
    for step in (0, 1, 59, 60, 179, 180, 181, 3599, 3600, 7201, 86_400):
        await clock.sleep_until(clock.now() + timedelta(seconds=step))
        now = to_ms(clock.now())
        moment = await feed.moment(SYMBOLS)
        assert not moment.missing
        for snapshot in moment.snapshots.values():
            for interval, series in snapshot.series.items():
                closed = int(series.candles.open_time[-1]) + interval_ms(interval)
                assert closed <= now < closed + interval_ms(interval)


async def test_what_is_shown_is_cut_to_the_newest_bars_and_equals_the_whole_computation(
    recorded, feed_of, clock
):
    narrow, wide = feed_of(recorded, series_bars=10), feed_of(recorded, series_bars=500)
    await narrow.open()
    await wide.open()
    for _ in range(30):
        await clock.sleep_until(clock.now() + timedelta(minutes=7))
        few = (await narrow.moment(["BTC"])).snapshots["BTC"].series["3m"]
        many = (await wide.moment(["BTC"])).snapshots["BTC"].series["3m"]
        assert len(few.candles) == 10
        assert set(few.indicators) == {"ema20", "macd", "macd_signal", "macd_hist", "rsi7"}
        assert np.array_equal(few.candles.close, many.candles.close[-10:])
        for name, values in few.indicators.items():
            assert values.shape == (10,)
            assert not values.flags.writeable
            assert np.array_equal(values, many.indicators[name][-10:])


async def test_later_bars_change_nothing_of_an_earlier_moment(recorded, feed_of, clock):
    await clock.sleep_until(clock.now() + timedelta(hours=5))
    feed = feed_of(recorded)
    await feed.open()
    before = await feed.moment(SYMBOLS)
    for key, candles in recorded.all.items():
        length = interval_ms(candles.interval)
        factor = np.where(candles.open_time + length > to_ms(clock.now()), 3.0, 1.0)
        recorded.all[key] = Candles(
            interval=candles.interval,
            open_time=candles.open_time,
            volume=candles.volume,
            **{f: getattr(candles, f) * factor for f in ("open", "high", "low", "close")},
        )
    other = feed_of(recorded)
    await other.open()
    assert (await other.moment(SYMBOLS)).digest == before.digest


async def test_incremental_text_is_what_encoding_the_snapshots_gives(recorded, feed_of, clock):
    feed = feed_of(recorded)
    await feed.open(SYMBOLS)
    for minutes in (0, 3, 3, 60, 2, 1, 600, 3):
        await clock.sleep_until(clock.now() + timedelta(minutes=minutes))
        moment = await feed.moment(SYMBOLS)
        assert moment.digest == record.digest(record.encode(moment.snapshots))


async def test_a_new_time_gives_a_new_digest(recorded, feed_of, clock):
    feed = feed_of(recorded)
    await feed.open()
    first = await feed.moment(SYMBOLS)
    await clock.sleep_until(clock.now() + timedelta(minutes=1))
    assert (await feed.moment(SYMBOLS)).digest != first.digest


async def test_one_bad_symbol_leaves_the_others_alone(recorded, feed_of):
    feed = feed_of(recorded)
    await feed.open()
    moment = await feed.moment(["BTC", "NOPE", "ETH"])
    assert list(moment.snapshots) == ["BTC", "ETH"]
    assert moment.missing == {"NOPE": "unknown symbol NOPE"}


async def test_a_series_that_cannot_be_read_is_named_with_its_reason(recorded, feed_of):
    recorded.failing["ETH", "1h"] = DataError("no 1h bars of ETH")
    feed = feed_of(recorded)
    await feed.open()
    moment = await feed.moment(SYMBOLS)
    assert list(moment.snapshots) == ["BTC", "DOGE"]
    assert moment.missing == {"ETH": "no 1h bars of ETH"}


async def test_opening_with_symbols_fails_at_once_on_a_bad_recording(recorded, feed_of):
    recorded.failing["ETH", "1h"] = DataError("no 1h bars of ETH")
    with pytest.raises(DataError, match="no 1h bars of ETH"):
        await feed_of(recorded).open(["BTC", "ETH"])


async def test_a_recording_that_contradicts_itself_is_refused(recorded, feed_of):
    good = recorded.all["BTC", "3m"]
    high = good.high.copy()
    high[17] = good.low[17] / 2
    recorded.all["BTC", "3m"] = Candles(
        interval=good.interval,
        open_time=good.open_time,
        open=good.open,
        high=high,
        low=good.low,
        close=good.close,
        volume=good.volume,
    )
    with pytest.raises(DataError, match=r"market paper: BTC 3m: the bar of .* contradicts itself"):
        await feed_of(recorded).open(["BTC"])


async def test_a_gap_in_the_recording_makes_the_symbol_missing_until_it_ends(
    recorded, feed_of, clock
):
    whole = recorded.all["BTC", "3m"]
    end = to_ms(clock.now())
    at = int(np.searchsorted(whole.open_time, end))
    keep = np.r_[0:at, at + 5 : len(whole)]
    recorded.all["BTC", "3m"] = Candles(
        interval=whole.interval,
        open_time=whole.open_time[keep],
        **{f: getattr(whole, f)[keep] for f in ("open", "high", "low", "close", "volume")},
    )
    feed = feed_of(recorded)
    await feed.open()
    seen = []
    for _ in range(8):
        moment = await feed.moment(["BTC"])
        seen.append("BTC" in moment.snapshots)
        await clock.sleep_until(clock.now() + timedelta(minutes=3))
    assert seen == [True, True, True, False, False, False, True, True]


async def test_a_quote_from_the_future_is_refused(recorded, feed_of):
    recorded.quote_shift = timedelta(seconds=1)
    feed = feed_of(recorded)
    await feed.open()
    moment = await feed.moment(["BTC"])
    assert "from the future" in moment.missing["BTC"]


async def test_before_the_first_bar_the_reason_says_when_it_closes(recorded, feed_of, clock):
    clock._now = clock.now() - timedelta(days=30)
    feed = feed_of(recorded)
    await feed.open()
    assert (
        "the first 3m bar of BTC closes at 2025-07-11"
        in (await feed.moment(["BTC"])).missing["BTC"]
    )


async def test_the_end_of_the_recording_ends_the_run(recorded, feed_of, clock):
    feed = feed_of(recorded)
    await feed.open()
    await clock.sleep_until(recorded.end)
    assert not (await feed.moment(SYMBOLS)).missing
    await clock.sleep_until(recorded.end + timedelta(seconds=1))
    with pytest.raises(EndOfDataError, match="the recording ends at 2025-07-18 00:00"):
        await feed.moment(SYMBOLS)
    with pytest.raises(EndOfDataError):
        await feed.quotes(SYMBOLS)


async def test_quotes_are_those_of_the_moment(recorded, feed_of):
    feed = feed_of(recorded)
    await feed.open()
    moment = await feed.moment(["BTC", "ETH"])
    recorded.asked.clear()
    quotes = await feed.quotes(["ETH"])
    assert quotes == {"ETH": moment.snapshots["ETH"].quote}
    assert recorded.asked == []


async def test_instruments_are_loaded_by_opening(recorded, feed_of):
    feed = feed_of(recorded)
    assert not feed.instruments
    await feed.open()
    assert set(feed.instruments) == set(SYMBOLS)
