"""A Sharpe ratio along a curve is that of each window by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.analysis.returns import daily_sharpe
from nof0_core.analysis.rolling import rolling_sharpe, rolling_window

RETURNS = st.lists(st.floats(-0.1, 0.1).map(lambda value: round(value, 6)), max_size=40)


@given(RETURNS, st.integers(2, 12))
def test_each_window_has_the_ratio_it_has_alone(returns, window):
    found = rolling_sharpe(np.array(returns), window)

    alone = [
        daily_sharpe(returns[at : at + window]) for at in range(max(0, len(returns) - window + 1))
    ]
    assert found == pytest.approx(alone, rel=1e-6, abs=1e-6)


def test_a_window_of_one_return_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        rolling_sharpe(np.zeros(5), 1)


@pytest.mark.parametrize(
    ("hours", "window"), [(0, 0), (95, 0), (96, 24), (400, 100), (2880, 720), (20_000, 720)]
)
def test_a_window_is_a_month_or_a_quarter_of_what_there_is(hours, window):
    assert rolling_window(hours) == window
