"""How much of a Sharpe ratio may be luck, also that of having tried often.

López de Prado, Lipton and Zoonekynd, "How to Use the Sharpe Ratio" (SSRN 5520741): the variance is
that under the hypothesis which is tested, and knows skewness, kurtosis and autocorrelation. All
ratios are per observation, not annualised; a kurtosis of 3 is that of the normal distribution.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import attrs

_NORMAL = NormalDist()
_GAMMA = 0.5772156649015329
"""Euler's constant."""


@attrs.frozen(kw_only=True)
class Shape:
    """What is known of returns beside their Sharpe ratio; `count` is how many there are."""

    count: float
    skewness: float = 0.0
    kurtosis: float = 3.0
    autocorrelation: float = 0.0

    def variance(self, sharpe: float) -> float:
        """Return the variance of the estimated ratio where `sharpe` is the true one."""
        rho = min(0.99, max(-0.99, self.autocorrelation))
        once, twice = rho / (1 - rho), rho**2 / (1 - rho**2)
        found = (
            (1 + 2 * once)
            - (1 + once + twice) * self.skewness * sharpe
            + (1 + 2 * twice) * (self.kurtosis - 1) / 4 * sharpe**2
        )
        return max(found, 0.0) / self.count


def probabilistic_sharpe(sharpe: float, shape: Shape, *, above: float = 0.0) -> float | None:
    """Return the probability that the true ratio is above another one; None where nobody can say.

    The deflated Sharpe ratio is this above `expected_maximum`.
    """
    variance = shape.variance(above) if shape.count > 1 else 0.0
    return _NORMAL.cdf((sharpe - above) / math.sqrt(variance)) if variance > 0 else None


def minimum_track_record(sharpe: float, shape: Shape, *, alpha: float = 0.05) -> float | None:
    """Return how many observations make a ratio differ from 0; None where it is not above it."""
    if sharpe <= 0:
        return None
    once = shape.count * shape.variance(0.0)
    return once * (_NORMAL.inv_cdf(1 - alpha) / sharpe) ** 2


def expected_maximum(trials: int, deviation: float) -> float:
    """Return the best ratio to be expected of so many trials that have no skill at all.

    `deviation` is the standard deviation of the ratios of the trials.
    """
    if trials < 2:
        return 0.0
    high = _NORMAL.inv_cdf(1 - 1 / trials)
    higher = _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return deviation * ((1 - _GAMMA) * high + _GAMMA * higher)
