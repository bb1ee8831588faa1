from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.analysis.bootstrap import (
    Resampler,
    draw,
    interval,
    probability_above,
    resampled_returns,
    resampled_sharpes,
)
from nof0_core.analysis.leaderboard import beats
from nof0_core.analysis.returns import daily_sharpe


def noise(seed, hours, mean=0.0):
    rng = random.Random(seed)
    return np.array([rng.gauss(mean, 0.01) for _ in range(hours)])


def indices(plan, row):
    """Which hours a resample is made of, one by one."""
    blocks = zip(plan.starts[row], plan.lengths[row], strict=True)
    return [(start + step) % plan.hours for start, length in blocks for step in range(length)]


@settings(max_examples=20)
@given(hours=st.integers(2, 200), seed=st.integers(0, 1000))
def test_block_sums_are_what_walking_hour_by_hour_gives(hours, seed):
    returns = noise(seed, hours)
    plan = draw(hours, seed=seed, resamples=5)
    totals, sharpes = resampled_returns(returns, plan), resampled_sharpes(returns, plan)
    for row in range(5):
        picked = returns[indices(plan, row)]
        assert len(picked) == hours
        assert totals[row] == pytest.approx(np.prod(1 + picked) - 1, abs=1e-9)
        assert sharpes[row] == pytest.approx(daily_sharpe(picked), rel=1e-6, abs=1e-6)


def test_blocks_have_the_mean_length_of_the_cube_root():
    plan = draw(1000, seed=1)
    # The last block of each resample is cut off, so the mean stays a little below.
    assert plan.lengths[plan.lengths > 0].mean() == pytest.approx(10, rel=0.05)


def test_the_same_seed_draws_the_same_blocks():
    one, two, other = draw(50, seed=3), draw(50, seed=3), draw(50, seed=4)
    assert np.array_equal(one.starts, two.starts)
    assert np.array_equal(one.lengths, two.lengths)
    assert not np.array_equal(one.starts[:, :5], other.starts[:, :5])


def test_interval_holds_the_middle_95_percent():
    assert interval(np.arange(1001.0)) == pytest.approx((25, 975))


def test_ties_count_one_half():
    assert probability_above(np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 1])) == 0.625


def test_a_total_loss_stays_a_number():
    returns = np.array([0.1, -1.0, 0.2] * 10)
    assert np.isfinite(resampled_returns(returns, draw(30, seed=0))).all()


def test_returns_without_spread_have_no_sharpe():
    assert set(resampled_sharpes(np.zeros(30), draw(30, seed=0))) == {0.0}


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    hits = 0
    for seed in range(100):
        returns = noise(seed, 240)
        low, high = interval(resampled_sharpes(returns, draw(240, seed=0, resamples=400)))
        hits += low <= 0 <= high
    assert 88 <= hits <= 100


def test_traders_without_skill_are_rarely_called_better_or_worse():
    """At 95 % both ways about one in twenty may be; twice that is the limit here."""
    called = 0
    for seed in range(200):
        chance = beats(noise(seed, 168), noise(10_000 + seed, 168), Resampler(0))
        called += not 0.025 <= chance <= 0.975
    assert called <= 20


def test_a_trader_with_skill_is_seen_through_the_market_they_share():
    """What both go through hour by hour cancels out, because both get the same blocks."""
    market = noise(5, 168)
    assert beats(market + 0.0005 + noise(6, 168) / 20, market, Resampler(0)) > 0.999


def test_histories_of_different_length_are_compared_on_the_hours_they_share():
    rival, mine = noise(1, 100), noise(2, 60)
    one = Resampler(0)
    assert beats(mine, rival, one) == beats(mine, rival[-60:], Resampler(0))
    assert beats(mine[:23], rival, one) is None


def test_one_resampler_for_many_series_says_what_each_alone_would():
    one = Resampler(3)
    for hours in (60, 168, 60):
        for seed in (1, 2, 1):
            series, plan = noise(seed, hours), draw(hours, seed=3)
            assert (one.returns(series) == resampled_returns(series, plan)).all()
            assert (one.sharpes(series) == resampled_sharpes(series, plan)).all()
    assert one.plan(60) is one.plan(60)
