"""Hourly returns of an account, with money that was moved in or out left out.

They are the steps of the index that each point of the curve carries (`nof0_core.domain.growth`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np

from nof0_core.domain.candles import FloatArray
from nof0_core.domain.view import EquityPoint
from nof0_core.money import EXACT, ONE

HOURS_PER_DAY = 24
NO_SPREAD = 1e-12
"""Standard deviations below this are rounding of equal returns, not risk."""


def period_return(before: EquityPoint, after: EquityPoint) -> float | None:
    """Return by which fraction the index rose between two points; a transfer alone is 0.

    A ruin is -1. None after it: nothing is left to earn on.
    """
    if not before.index:
        return None
    return float(EXACT.divide(EXACT.subtract(after.index, before.index), before.index))


def hourly_returns(points: Sequence[EquityPoint]) -> FloatArray:
    """Compute the returns from point to point.

    Args:
        points: hourly, oldest first.

    Returns:
        Shape (n - 1,) or shorter (those after a ruin are left out), fractions, oldest first.
    """
    found = (period_return(before, after) for before, after in pairwise(points))
    return np.array([value for value in found if value is not None], dtype=np.float64)


def beside_hours(points: Sequence[EquityPoint], index: Decimal) -> float:
    """Return the growth that is in no hourly return: before the first point and since the last.

    Args:
        points: hourly, oldest first, at least one.
        index: of the account now.

    Returns:
        The factor that the product of all (1 + hourly return) lacks to be `index`.
    """
    since = EXACT.divide(index, points[-1].index) if points[-1].index else ONE
    return float(EXACT.multiply(points[0].index, since))


def in_common(
    first_ends: FloatArray,
    first_returns: FloatArray,
    second_ends: FloatArray,
    second_returns: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Cut the hourly returns of two curves to the hours that both have.

    After a ruin a curve goes on without returns, so the newest of two need not be the same hour.
    `ends` are when each hour with a return ended, in seconds.
    """
    _, ours, theirs = np.intersect1d(
        first_ends, second_ends, assume_unique=True, return_indices=True
    )
    return first_returns[ours], second_returns[theirs]


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

    def add_zeros(self, count: int) -> None:
        """Take in 0 so many times."""
        so_far, mean, squares = self.count, self.mean, self._squares
        for number in range(so_far + 1, so_far + count + 1):
            step = 0.0 - mean
            mean += step / number
            squares += step * (0.0 - mean)
        self.count, self.mean, self._squares = so_far + count, mean, squares

    def keep(self) -> tuple[int, float, float]:
        """Return all of it in what can be written down."""
        return self.count, self.mean, self._squares

    @classmethod
    def of(cls, kept: tuple[int, float, float]) -> Spread:
        """Return what `keep` was asked of."""
        made = cls()
        made.count, made.mean, made._squares = kept
        return made

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
