"""The Sharpe ratio and luck, held against the numbers of the paper's authors."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from nof0_core.analysis.deflated_sharpe import (
    Shape,
    expected_maximum,
    minimum_track_record,
    probabilistic_sharpe,
)

SHARPE = 0.036 / 0.079
FUND = Shape(count=24, skewness=-2.448, kurtosis=10.164)


def test_the_published_example_is_met():
    assert math.sqrt(FUND.variance(SHARPE)) == pytest.approx(0.329, abs=5e-4)
    assert math.sqrt(Shape(count=24).variance(SHARPE)) == pytest.approx(0.214, abs=5e-4)
    assert minimum_track_record(SHARPE, FUND) == pytest.approx(13.029, abs=5e-4)
    assert probabilistic_sharpe(SHARPE, FUND) == pytest.approx(0.987, abs=5e-4)
    assert probabilistic_sharpe(SHARPE, FUND, above=0.1) == pytest.approx(0.939, abs=5e-4)


def test_the_best_of_many_without_skill_is_what_chance_makes_it():
    chance = random.Random(1)
    for trials in (5, 50):
        best = [max(chance.gauss(0, 2) for _ in range(trials)) for _ in range(4000)]
        assert expected_maximum(trials, 2.0) == pytest.approx(statistics.fmean(best), rel=0.05)
    assert expected_maximum(1, 2.0) == 0


def test_autocorrelation_makes_a_ratio_less_sure():
    plain, sticky = Shape(count=500), Shape(count=500, autocorrelation=0.3)
    assert probabilistic_sharpe(0.1, sticky) < probabilistic_sharpe(0.1, plain)
    assert probabilistic_sharpe(0.1, Shape(count=1)) is None
    assert minimum_track_record(-0.1, plain) is None
