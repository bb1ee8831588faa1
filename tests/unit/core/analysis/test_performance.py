from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.analysis.columns import HourColumns
from nof0_core.analysis.performance import (
    PerformanceTracker,
    max_drawdown_pct,
    performance,
    sharpe_ratio,
    win_rate,
)
from nof0_core.analysis.returns import Spread, beside_hours, hourly_returns, in_common
from nof0_core.testing.views import trader_view


def test_sharpe_is_mean_over_sample_deviation_on_a_daily_scale(curve):
    points = curve(10_000, 10_100, 9_999, 10_200)
    returns = np.array([0.01, 9_999 / 10_100 - 1, 10_200 / 9_999 - 1])
    assert sharpe_ratio(points) == pytest.approx(returns.mean() / returns.std(ddof=1) * 24**0.5)


def test_sharpe_takes_the_risk_free_rate_off_every_hour(curve):
    points = curve(10_000, 10_100, 9_999, 10_200)
    without = sharpe_ratio(points)
    spread = np.array([0.01, 9_999 / 10_100 - 1, 10_200 / 9_999 - 1]).std(ddof=1)
    lost = 0.001 / spread * 24**0.5
    assert sharpe_ratio(points, risk_free=0.001) == pytest.approx(without - lost)


@pytest.mark.parametrize("equities", [(), (10_000,), (10_000, 10_100), (10_000,) * 5])
def test_sharpe_is_zero_where_nothing_can_be_said(curve, equities):
    assert sharpe_ratio(curve(*equities)) == 0


def test_equal_returns_have_no_sharpe_although_floats_differ_in_the_last_digit(curve):
    points = curve(*(Decimal(10_000) * Decimal("1.001") ** hour for hour in range(20)))
    assert sharpe_ratio(points) == 0


def test_capital_that_is_moved_in_or_out_is_no_return(curve):
    points = curve((10_000, 10_000), (15_000, 15_000), (12_000, 12_000))
    assert hourly_returns(points).tolist() == [0.0, 0.0]
    assert max_drawdown_pct(points) == 0


def test_an_hour_without_capital_makes_nothing(curve):
    points = curve((0, 0), (10_000, 10_000), (10_100, 10_000))
    assert hourly_returns(points).tolist() == [0.0, 0.01]


def test_a_ruin_is_one_return_and_none_comes_after_it(curve):
    points = curve(10_000, 11_000, -1, 5_000)
    dead = [attrs.evolve(points[-1], index=Decimal(0), time=points[-1].time + timedelta(hours=n))
            for n in range(3)]  # fmt: skip
    returns = hourly_returns([*points[:-1], *dead])
    assert returns.tolist() == [0.1, -1.0]
    assert max_drawdown_pct([*points[:-1], *dead]) == 100
    assert np.isfinite(sharpe_ratio([*points[:-1], *dead]))


def test_two_curves_are_compared_on_the_hours_both_have(curve):
    first = curve(10_000, 10_100, 0, 0, 0)
    dead = [attrs.evolve(point, index=Decimal(0)) for point in first[2:]]
    first = [*first[:2], *dead]
    second = curve(10_000, 10_200, 10_404, 10_300, 10_500)[1:]
    columns = []
    for points in (first, second):
        hours = HourColumns()
        hours.take(attrs.evolve(trader_view(), equity_curve=points))
        assert hours.returns.tolist() == hourly_returns(points).tolist()
        columns += [hours.ends, hours.returns]
    ours, theirs = in_common(*columns)
    assert ours.tolist() == [-1.0]
    assert theirs.tolist() == pytest.approx([0.02])


def test_what_no_full_hour_holds_makes_up_the_rest(curve):
    points = curve(9_000, 9_900, 10_890)
    now = Decimal("1.2")
    product = float(np.prod(1 + hourly_returns(points)))
    assert beside_hours(points, now) * product == pytest.approx(1.2)
    assert beside_hours(points[:1], Decimal("0.45")) == pytest.approx(0.45)


def test_drawdown_is_the_largest_fall_from_a_peak(curve):
    assert max_drawdown_pct(curve(10_000, 12_000, 9_000, 11_000, 8_400)) == pytest.approx(30)


def test_a_loss_before_the_first_full_hour_is_a_drawdown(curve):
    assert max_drawdown_pct(curve((9_000, 10_000), (9_500, 10_000))) == pytest.approx(10)


def test_a_trade_that_made_nothing_is_not_won(trade):
    assert win_rate([trade("5"), trade("0"), trade("-5"), trade("5")]) == 50
    assert win_rate([]) == 0


def test_performance_counts_open_profit_and_the_fall_since_the_last_hour(curve, trade, account):
    points = curve(10_000, 10_500)
    found = performance([trade("10"), trade("-4")], points, account("9450"), 7)
    assert found.total_pnl == Decimal(-550)
    assert found.max_drawdown_pct == pytest.approx(10)
    assert (found.trades, found.cycles, found.win_rate) == (2, 7, 50)


def test_performance_without_account_is_that_of_closed_trades(curve, trade):
    found = performance([trade("10"), trade("-4")], curve(10_000), None, 0)
    assert found.total_pnl == Decimal(6)


money = st.decimals("0", "30000", places=2, allow_nan=False, allow_infinity=False)
steps = st.lists(st.tuples(money, st.decimals("0", "20", places=4)), max_size=12)


@given(points=steps, cut=st.integers(0, 12))
def test_tracker_gives_the_same_bits_over_a_restart(points, cut):
    """What was written down half way is what is computed from scratch."""
    from nof0_core.domain.view import EquityPoint

    start = datetime(2025, 7, 1, tzinfo=UTC)
    curve = [
        EquityPoint(
            time=start + timedelta(hours=n), equity=equity, deposited=Decimal(1), index=index
        )
        for n, (equity, index) in enumerate(points)
    ]
    tracker = PerformanceTracker()
    for point in curve[:cut]:
        tracker.add_point(point)
    tracker = PerformanceTracker.of(tracker.keep())
    for point in curve[cut:]:
        tracker.add_point(point)
    whole = performance([], curve, None, 3)
    assert tracker.performance(None, 3) == whole
    assert whole.sharpe_ratio == sharpe_ratio(curve)
    assert whole.max_drawdown_pct == max_drawdown_pct(curve)


def test_tracker_begins_again_with_another_curve_and_keeps_its_trades(curve, trade):
    tracker = PerformanceTracker()
    tracker.book(trade("3"))
    for point in curve(10_000, 10_100, 10_300):
        tracker.add_point(point)
    points = curve(10_000, 10_100, 10_200, 10_150)
    tracker.begin_again(points)
    assert tracker.performance(None, 0) == performance([trade("3")], points, None, 0)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=50))
def test_spread_agrees_with_numpy(values):
    spread = Spread()
    for value in values:
        spread.add(value)
    assert spread.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert spread.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-9)
