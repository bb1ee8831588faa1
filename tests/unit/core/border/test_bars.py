from __future__ import annotations

from datetime import UTC, datetime

import attrs
import numpy as np
import pytest

from nof0_core.border.bars import checked_bars
from nof0_core.domain.candles import Candles
from nof0_core.errors import DataError

GOOD = Candles(
    interval="1m",
    open_time=[0, 60_000, 120_000],
    open=[1.0, 2.0, 3.0],
    high=[2.0, 3.0, 4.0],
    low=[1.0, 1.0, 2.0],
    close=[2.0, 3.0, 3.0],
    volume=[0.0, 1.0, 2.0],
)


def changed(name, value, at=1):
    array = np.array(getattr(GOOD, name))
    array[at] = value
    return attrs.evolve(GOOD, **{name: array})


def forced(**changes):
    """Make bars around the converters, as ill will can."""
    bars = GOOD[:]
    for name, value in changes.items():
        object.__setattr__(bars, name, value)
    return bars


def test_sound_bars_pass_and_may_close_exactly_at_the_end():
    checked_bars("m", "BTC", "1m", GOOD, datetime(1970, 1, 1, 0, 3, tzinfo=UTC))
    checked_bars("m", "BTC", "1m", GOOD[:0], datetime(1970, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        pytest.param(changed("open_time", 0), "not in order", id="repeated time"),
        pytest.param(changed("open_time", 150_000), "not in order", id="time goes back"),
        pytest.param(changed("close", np.nan), "1970-01-01 00:01:00 contradicts", id="nan"),
        pytest.param(changed("volume", np.inf), "contradicts", id="infinite volume"),
        pytest.param(changed("volume", -1), "contradicts", id="negative volume"),
        pytest.param(changed("low", 0), "contradicts", id="zero price"),
        pytest.param(changed("low", 2.5), "contradicts", id="low above open"),
        pytest.param(changed("high", 2.5), "contradicts", id="high below close"),
        pytest.param(attrs.evolve(GOOD, volume=[1.0]), "differ in length", id="short column"),
        pytest.param(attrs.evolve(GOOD, interval="3m"), "gave bars of '3m'", id="other interval"),
    ],
)
def test_bars_that_cannot_be_true_are_refused(bars, said):
    with pytest.raises(DataError, match=f"market m: BTC 1m: .*{said}"):
        checked_bars("m", "BTC", "1m", bars)


def test_a_bar_that_is_open_or_in_the_future_is_refused():
    with pytest.raises(DataError, match="closes at 1970-01-01 00:03:00, after 1970-01-01 00:02:59"):
        checked_bars("m", "BTC", "1m", GOOD, datetime(1970, 1, 1, 0, 2, 59, 999_000, tzinfo=UTC))


class Frame(np.ndarray):
    """Columns of another library."""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "is None, no Candles"),
        ([1, 2], "is a list, no Candles"),
        ({"close": [1.0]}, "is a dict, no Candles"),
        (forced(close=[1.0, 2.0, 3.0]), "has as close a list, no array of float64"),
        (forced(close=np.array([1, 2, 3])), "has as close a ndarray"),
        (forced(close=np.array([[1.0, 2.0, 3.0]])), "has as close a ndarray"),
        (forced(close=np.array([1.0, 2.0, 3.0]).view(Frame)), "has as close a Frame"),
        (forced(open_time=np.array([0.0, 1.0, 2.0])), "has as open_time a ndarray"),
        (forced(interval=60), "has the interval 60"),
        (changed("open_time", 9 * 10**18, at=2), "not of 1970…2199"),
        (changed("open_time", -1, at=0), "not of 1970…2199"),
    ],
)
def test_what_is_no_bars_is_refused_in_words(answer, said):
    with pytest.raises(DataError, match=said):
        checked_bars("m", "BTC", "1m", answer)


def test_whoever_keeps_the_arrays_of_bars_cannot_change_them_afterwards():
    close = np.array([1.0, 2.0, 3.0])
    bars = checked_bars("m", "BTC", "1m", forced(close=close))
    close[:] = 7.0
    assert bars.close.tolist() == [1.0, 2.0, 3.0]
    for array in (bars.close, bars.open, bars[1:].open, bars.open_time):
        with pytest.raises(ValueError, match="cannot set WRITEABLE"):
            array.flags.writeable = True
