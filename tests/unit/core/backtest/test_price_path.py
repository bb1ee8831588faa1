"""The way of a mark: a stretch of moments gives what single moments give."""

from __future__ import annotations

import numpy as np
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
