"""The way of a mark: a stretch of moments gives what single moments give."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.backtest.price_path import PricePath
from nof0_core.domain.candles import Candles

MINUTE = 60_000
BEGIN = 1_750_000_020_000


def path(missing=()):
    times = np.array([BEGIN + n * MINUTE for n in range(40) if n not in missing])
    closes = 100.0 + np.arange(len(times))
    return PricePath(
        Candles(
            interval="1m",
            open_time=times,
            open=closes,
            high=closes,
            low=closes,
            close=closes,
            volume=closes,
        )
    )


@given(
    missing=st.sets(st.integers(1, 38), max_size=4),
    first=st.integers(-5, 45),
    count=st.integers(1, 12),
    step=st.sampled_from([MINUTE // 2, MINUTE, 3 * MINUTE, 5 * MINUTE + 1000]),
    off=st.sampled_from([0, 17_000]),
)
def test_marks_along_a_stretch_are_those_at_its_moments(missing, first, count, step, off):
    """Before the first bar there is none, after the last it stays, in a hole the one before."""
    way = path(missing)
    begin = BEGIN + first * MINUTE + off
    moments = begin + np.arange(count) * step
    found = way.along(begin, int(moments[-1]), step)
    np.testing.assert_array_equal(found, way.at(moments))
    singles = [way.mark(int(moment)) for moment in moments]
    assert [None if np.isnan(mark) else mark for mark in found] == singles


@given(
    lows=st.lists(st.sampled_from([90.1, 90.2, 95.0, 99.9]), min_size=1, max_size=30),
    after=st.integers(-2, 31),
    count=st.integers(0, 31),
    off=st.sampled_from([0, 17_000]),
)
@pytest.mark.parametrize("is_below", [True, False])
def test_a_touch_is_the_first_bar_that_comes_to_a_price(lows, after, count, off, is_below):
    """One that is missed by less than a billionth may be told, too."""
    opened, low = BEGIN + np.arange(len(lows)) * MINUTE, np.array(lows)
    price = Decimal("90.2") if is_below else Decimal("109.8")
    extremes = {"low": low, "high": low + 1} if is_below else {"low": 199 - low, "high": 200 - low}
    far = np.full(len(low), 1e9)
    way = PricePath(
        Candles(interval="1m", open_time=opened, open=far, close=far, volume=far, **extremes)
    )
    first = BEGIN + after * MINUTE + off
    last = first + count * MINUTE
    reached = [
        int(opened[n]) + MINUTE
        for n in range(len(lows))
        if first < opened[n] + MINUTE <= last and lows[n] <= 90.2
    ]
    found = way.touch(first, last, price, is_below=is_below)
    assert found == min(reached, default=None)
