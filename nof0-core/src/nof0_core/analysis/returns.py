"""Hourly returns of an account, with money that was moved in or out left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from nof0_core.domain.candles import FloatArray
from nof0_core.domain.view import EquityPoint

HOURS_PER_DAY = 24
NO_SPREAD = 1e-12
"""Standard deviations below this are rounding of equal returns, not risk."""


def period_return(before: EquityPoint, after: EquityPoint) -> float | None:
    """Return profit between two points as a fraction of the equity at the first.

    What was deposited in between counts as if it came at the end of the period, so a transfer alone
    is a return of 0. None where there was no equity to earn on.
    """
    if before.equity <= 0:
        return None
    flow = after.deposited - before.deposited
    return float((after.equity - flow - before.equity) / before.equity)


def hourly_returns(points: Sequence[EquityPoint]) -> FloatArray:
    """Compute the returns from point to point.

    Args:
        points: hourly, oldest first.

    Returns:
        Shape (n - 1,) or shorter (periods without equity are left out), fractions, oldest first.
    """
    found = (period_return(before, after) for before, after in pairwise(points))
    return np.array([value for value in found if value is not None], dtype=np.float64)


def daily_sharpe(returns: Iterable[float], *, risk_free: float = 0.0) -> float:
    """Compute the Sharpe ratio on a daily scale.

    (mean - risk_free) / sample standard deviation x √24; hourly fractions in, 0 below 2 returns and
    where all returns are equal. `risk_free` is a fraction per hour.
    """
    spread = Spread()
    for value in returns:
        spread.add(value)
    return spread.sharpe(risk_free=risk_free)


class Spread:
    """Mean and variance of a growing series in constant memory.

    Welford's recurrence (B. P. Welford, Technometrics 4, 1962): adding value by value gives the
    same bits whether the series came at once or over weeks.
    """

    __slots__ = ("_squares", "count", "mean")

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, value: float) -> None:
        """Take in one more value."""
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self._squares += step * (value - self.mean)

    @property
    def deviation(self) -> float:
        """Return the sample standard deviation (n - 1), 0 below 2 values."""
        return float((self._squares / (self.count - 1)) ** 0.5) if self.count > 1 else 0.0

    def sharpe(self, *, risk_free: float = 0.0) -> float:
        """Return the daily Sharpe ratio of the hourly returns taken in; see `daily_sharpe`."""
        deviation = self.deviation
        if deviation <= NO_SPREAD:
            return 0.0
        return float((self.mean - risk_free) / deviation * HOURS_PER_DAY**0.5)
