"""What prices did between two looks, as far as the feed knows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.errors import DataError

pytestmark = pytest.mark.anyio
THREE = timedelta(minutes=3)


def closes(bars):
    return [from_ms(opened) + THREE for opened in bars.open_time.tolist()]


@pytest.mark.parametrize(("after", "until"), [(0, 0), (0, 1), (1, 5), (7, 900)])
async def test_of_a_recording_they_are_all_that_closed_since_and_none_that_is_open(
    recorded, feed_of, clock, after, until
):
    feed = feed_of(recorded)
    await feed.open()
    start = clock.now()
    await clock.sleep_until(start + until * THREE + timedelta(seconds=100))
    bars = feed.closed_bars("BTC", start + after * THREE)
    assert bars.interval == "3m"
    assert closes(bars) == [start + n * THREE for n in range(after + 1, until + 1)]
    # A bar that closes at the very moment of a look belongs to it, not to the next one.
    assert closes(feed.closed_bars("BTC", clock.now())) == []


async def test_a_recording_is_read_once_for_them(recorded, feed_of, clock):
    feed = feed_of(recorded)
    await feed.open()
    for _ in range(3):
        await clock.sleep_until(clock.now() + THREE)
        feed.closed_bars("BTC", clock.now() - THREE)
    assert recorded.asked == [("BTC", "3m", None)]


async def test_a_recording_that_lacks_a_coin_knows_none(recorded, feed_of, clock):
    feed = feed_of(recorded)
    await feed.open()
    recorded.failing["BTC", "3m"] = DataError("no such bars")
    assert feed.closed_bars("BTC", clock.now()) is None


async def test_of_a_live_market_they_are_those_that_decisions_were_made_on(asked, feed_of, steady):
    feed = feed_of(asked)
    await feed.open()
    assert feed.closed_bars("BTC", steady.now()) is None
    shown = (await feed.moment(["BTC"])).snapshots["BTC"].series["3m"].candles
    asked.asked.clear()
    newest = from_ms(int(shown.open_time[-1])) + THREE
    assert closes(feed.closed_bars("BTC", newest - 2 * THREE)) == [newest - THREE, newest]
    assert asked.asked == []
    # What was fetched for later is not told before its time.
    steady.moment = newest - timedelta(seconds=1)
    assert to_ms(steady.now()) < to_ms(newest)
    assert closes(feed.closed_bars("BTC", newest - 2 * THREE)) == [newest - THREE]
