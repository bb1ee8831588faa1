"""Which bars are proven, whatever the stream leaves out, repeats or breaks off."""

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.domain.candles import Candles, Interval
from nof0_provider_hyperliquid.stream.messages import Bar
from nof0_provider_hyperliquid.stream.series import LAST_SECONDS, BarSeries, Gap

LENGTH = 60_000
FIRST = 600 * LENGTH


def bar(number, volume=10.0, close=100.0):
    low, high = min(100.0, close), max(100.0, close)
    return Bar(FIRST + number * LENGTH, 100.0, high, low, close, volume)


def candles(bars):
    columns = zip(*map(attrs.astuple, bars), strict=True)
    names = ("open_time", "open", "high", "low", "close", "volume")
    return Candles(interval=Interval("1m"), **dict(zip(names, map(np.array, columns), strict=True)))


def at(number, seconds=0.0):
    """The moment so many seconds after a bar opened."""
    return FIRST + number * LENGTH + int(seconds * 1000)


@pytest.fixture
def series():
    made = BarSeries(Interval("1m"), LENGTH)
    made.begin(candles([bar(0), bar(1), bar(2)]), at(3), 3)
    return made


def shown(series, number, limit=3):
    """Open times of the newest bars at the opening of one, in bars from the first."""
    found = series.newest(at(number), limit)
    if isinstance(found, Candles):
        return [(each - FIRST) // LENGTH for each in found.open_time.tolist()]
    return found


def test_what_rest_said_is_there(series):
    assert shown(series, 3) == [0, 1, 2]
    assert shown(series, 2, 2) == [0, 1]
    assert series.newest(at(3), 4) is None  # more than was asked for


def test_an_open_bar_is_not_shown_however_late_it_is(series):
    series.take(bar(3, 1.0), at(3, 1))
    series.take(bar(3, 2.0), at(3, 59))
    assert shown(series, 4) == Gap(at(3), at(3))


def test_the_next_bar_proves_the_one_before(series):
    series.take(bar(3, 1.0), at(3, 1))
    series.take(bar(3, 2.0), at(3, 55))
    assert series.take(bar(4, 1.0), at(4, 0.3))
    assert shown(series, 4) == [1, 2, 3]
    assert series.newest(at(4), 1).volume.tolist() == [2.0]


def test_a_bar_of_which_only_a_snapshot_came_is_not_proven(series):
    series.take(bar(3, 1.0), at(3, 55))
    assert not series.take(bar(4, 1.0), at(4, 0.3))
    assert shown(series, 4) == Gap(at(3), at(3))


def test_a_bar_that_was_silent_in_its_last_seconds_is_not_proven(series):
    series.take(bar(3, 1.0), at(3, 1))
    series.take(bar(3, 2.0), at(3, 60 - LAST_SECONDS / 1000 - 0.1))
    assert not series.take(bar(4, 1.0), at(4, 0.3))
    assert shown(series, 4) == Gap(at(3), at(3))


def test_a_bar_that_was_open_during_an_interruption_is_not_proven(series):
    series.take(bar(3, 1.0), at(3, 1))
    series.take(bar(3, 2.0), at(3, 58))
    series.interrupted()
    assert not series.take(bar(4, 1.0), at(4, 0.3))
    assert shown(series, 4) == Gap(at(3), at(3))


def test_what_came_after_an_interruption_within_a_bar_is_enough(series):
    series.take(bar(3, 1.0), at(3, 1))
    series.interrupted()
    series.take(bar(3, 2.0), at(3, 30))
    series.take(bar(3, 3.0), at(3, 58))
    assert series.take(bar(4, 1.0), at(4, 0.3))
    assert series.newest(at(4), 1).volume.tolist() == [3.0]


def test_older_states_of_a_bar_change_nothing(series):
    for volume in (1.0, 2.0, 5.0, 2.0, 1.0, 5.0):
        series.take(bar(3, volume), at(3, 55))
    series.take(bar(4, 1.0), at(4, 0.3))
    series.take(bar(3, 2.0), at(4, 0.4))
    series.take(bar(2, 2.0), at(4, 0.5))
    assert shown(series, 4) == [1, 2, 3]
    assert series.newest(at(4), 1).volume.tolist() == [5.0]


def test_more_of_a_bar_that_was_proven_is_asked_of_rest(series):
    for volume in (1.0, 2.0):
        series.take(bar(3, volume), at(3, 55))
    series.take(bar(4, 1.0), at(4, 0.3))
    series.take(bar(3, 3.0), at(4, 0.4))
    assert shown(series, 4) == Gap(at(3), at(3))
    assert not series.repair(Gap(at(3), at(3)), [bar(3, 3.5), bar(4, 1.0)])
    assert series.newest(at(4), 1).volume.tolist() == [3.5]


def test_rest_proves_a_bar_by_a_later_one_only(series):
    series.repair(Gap(at(3), at(3)), [bar(3, 2.0)])
    assert shown(series, 4) == Gap(at(3), at(3))
    series.repair(Gap(at(3), at(3)), [bar(3, 2.0), bar(4, 0.0)])
    assert shown(series, 4) == [1, 2, 3]


def test_bars_the_venue_does_not_have_are_no_gap(series):
    series.repair(Gap(at(3), at(5)), [bar(4), bar(6)])
    assert shown(series, 6, 2) == [2, 4]


def test_rest_that_says_otherwise_is_told_of_and_right(series):
    for volume in (1.0, 2.0):
        series.take(bar(3, volume), at(3, 55))
    series.take(bar(4, 1.0), at(4, 0.3))
    wrong = series.repair(Gap(at(3), at(3)), [bar(3, 9.0), bar(4, 1.0)])
    assert wrong == [bar(3, 2.0)]
    assert series.newest(at(4), 1).volume.tolist() == [9.0]


def test_a_bar_rest_closed_too_early_is_found_out(series):
    series.begin(candles([bar(1), bar(2), bar(3, 2.0)]), at(4), 3)  # by a clock that is ahead
    series.take(bar(3, 2.5), at(3, 50))
    assert shown(series, 4) == Gap(at(3), at(3))


def test_a_young_coin_has_fewer_bars(series):
    series.begin(candles([bar(1), bar(2)]), at(3), 5)
    assert shown(series, 3, 5) == [1, 2]


def test_fewer_bars_without_the_newest_are_not_all_there_is(series):
    series.begin(candles([bar(1), bar(2)]), at(4), 3)  # the last was not proven yet
    assert series.newest(at(3), 3) is None


def test_memory_is_bounded(series):
    for number in range(3, 3_000):
        for seconds in (1, 30, 59):
            series.take(bar(number, float(seconds)), at(number, seconds))
    assert len(series) <= 3 + 64
    assert shown(series, 2_999) == [2_996, 2_997, 2_998]


def test_a_long_absence_is_asked_for_as_if_nothing_were_known(series):
    assert series.newest(at(5_000), 3) is None or isinstance(shown(series, 5_000), Gap)
    assert series.newest(at(5_000), 2_000) is None


def test_bars_off_the_grid_are_not_kept(series):
    odd = attrs.evolve(bar(3), open_time=at(3) + 1)
    assert not series.take(odd, at(3, 55))
    series.begin(candles([attrs.evolve(bar(0), open_time=1)]), at(1), 1)
    assert shown(series, 3) == [0, 1, 2]


# --- whatever happens -----------------------------------------------------------------------------


@st.composite
def days(draw):
    """Ticks of a coin with what the line does to them."""
    return draw(
        st.lists(
            st.tuples(
                st.integers(200, 25_000),  # ms since the tick before
                st.sampled_from(
                    ["told", "told", "told", "told", "drop", "repeat", "older", "ask", "late"]
                ),
                st.integers(1, 5),
            ),
            min_size=20,
            max_size=120,
        )
    )


@settings(max_examples=300)
@given(days(), st.integers(1, 4))
def test_no_bar_is_wrong_early_lost_or_twice(ticks, limit):
    """Asked at any moment, the series shows what the venue has, or says what to ask for."""
    now = at(4)
    truth = {each.open_time: each for each in (bar(0), bar(1), bar(2), bar(3))}
    series = BarSeries(Interval("1m"), LENGTH)
    series.begin(candles(list(truth.values())[-limit - 1 :]), now, limit + 1)
    said = []
    away = 0
    for wait, what, number in ticks:
        now += wait
        opened = now // LENGTH * LENGTH
        for between in range(max(truth) + LENGTH, opened, LENGTH):
            close = truth[between - LENGTH].close  # nobody traded
            truth[between] = Bar(between, close, close, close, close, 0.0)
        before = truth.get(opened) or Bar(opened, *([100.0] * 4), 0.0)
        price = 100.0 + number
        truth[opened] = Bar(
            opened,
            before.open,
            max(before.high, price),
            min(before.low, price),
            price,
            before.volume + number,
        )
        if away:
            away -= 1
            if away:
                continue
        if what == "drop":
            series.interrupted()
            away = number
            continue
        series.take(truth[opened], now)
        said.append(truth[opened])
        if what == "repeat":
            series.take(said[-1], now)
        if what == "older":
            series.take(said[-min(number, len(said))], now)
        if what == "ask":
            check(series, truth, now, limit)
        if what == "late":
            check(series, truth, now + LENGTH // 3, limit)
    check(series, truth, now, limit)


def check(series, truth, now, limit):
    """The answer is that of the venue, if need be after a repair."""
    end = now // LENGTH * LENGTH
    found = series.newest(now, limit)
    if isinstance(found, Gap):
        answer = [each for time, each in truth.items() if found.first <= time]
        assert not series.repair(found, answer)
        found = series.newest(now, limit)
    closed = sorted(time for time in truth if time < end)[-limit:]
    if isinstance(found, Gap):
        assert found.last >= max(truth)  # REST has no later bar that proves it
        return
    assert found is not None
    assert found.open_time.tolist() == closed
    assert found == candles([truth[time] for time in closed])
