"""How much of a result may be luck: resampling of hourly returns.

Method: the stationary bootstrap of D. N. Politis and J. P. Romano, "The Stationary Bootstrap",
Journal of the American Statistical Association 89 (1994): blocks of geometric length, drawn from
the series closed to a circle, so that hours which belong together stay together. The mean block
length grows with the cube root of the series (D. N. Politis and H. White, Econometric Reviews 23,
2004, for the rate). Intervals are the 2.5 % and 97.5 % percentiles of the resampled statistic,
and reach to the number itself where that lies beyond them (`around`).

Only sums over blocks are needed, and those are differences of cumulated sums: the cost is the
number of blocks, not of hours.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.analysis.returns import HOURS_PER_DAY, NO_SPREAD
from nof0_core.domain.candles import FloatArray

MINIMUM_HOURS = 24
"""Below this many returns nothing is said: a day is one turn of the market's own rhythm."""

RESAMPLES = 2000
_PERCENTILES = (2.5, 97.5)
_RUIN = 1e-12
"""What is left of a dollar after a return of -100 % or worse; keeps logarithms finite."""

Interval95 = tuple[float, float]
_Indices = npt.NDArray[np.int32]
_AT_ONCE = 200
"""Resamples whose blocks are added up in one go: what that takes does not grow with how many."""


@attrs.frozen(kw_only=True, eq=False)
class Resampling:
    """Which blocks each of B resamples is made of.

    `starts` and `lengths` have shape (B, K): start in the series and length in hours; the lengths
    of a row add up to `hours`. The same resampling used on two traders compares them hour by hour.
    """

    hours: int
    starts: _Indices
    lengths: _Indices


def draw(hours: int, *, seed: int, resamples: int = RESAMPLES) -> Resampling:
    """Draw the blocks; the same arguments always give the same blocks.

    Args:
        hours: length of the series, at least 1.
        seed: of numpy's PCG64 generator.
        resamples: how many series to make.
    """
    # Seeded by the caller, vectorised: millions of draws by random.Random would take seconds.
    rng = np.random.Generator(np.random.PCG64(seed))  # noqa: TID251 - reason above
    mean_length = max(1.0, float(hours) ** (1 / 3))
    batch = int(np.ceil(hours / mean_length)) + 1
    lengths = np.zeros((resamples, 0), dtype=np.int64)
    while not lengths.size or int(lengths.sum(axis=1).min()) < hours:
        more = rng.geometric(1 / mean_length, size=(resamples, batch))
        lengths = np.concatenate([lengths, more], axis=1)
    ends = np.minimum(lengths.cumsum(axis=1), hours).astype(np.int32)
    starts = rng.integers(0, hours, size=lengths.shape).astype(np.int32)
    return Resampling(hours=hours, starts=starts, lengths=np.diff(ends, axis=1, prepend=0))


_CANCELLED = 1e-12
"""Part of the sum of squares below which a difference of squares has no digits left."""


def resampled_returns(returns: FloatArray, plan: Resampling) -> FloatArray:
    """Compound each resampled series.

    Args:
        returns: shape (plan.hours,), hourly fractions.
        plan: from `draw`.

    Returns:
        Shape (B,), total return as a fraction.
    """
    growth = np.log(np.maximum(1 + returns, _RUIN))
    return np.expm1(_block_sums(growth, plan))


def resampled_sharpes(returns: FloatArray, plan: Resampling) -> FloatArray:
    """Compute the daily Sharpe ratio of each resampled series; 0 where nothing varies.

    Args and shapes as in `resampled_returns`; at least 2 hours.
    """
    # Centred first, so that the difference of squares keeps its digits.
    centre = returns.mean()
    off = returns - centre
    mean = _block_sums(off, plan) / plan.hours
    squares = _block_sums(off * off, plan)
    rest = squares - plan.hours * mean * mean
    # A resample may repeat one hour only; what cancellation leaves of its variance is noise.
    rest[rest <= _CANCELLED * squares] = 0
    spread = np.sqrt(rest / (plan.hours - 1))
    ratio = np.divide(mean + centre, spread, out=np.zeros_like(spread), where=spread > NO_SPREAD)
    return np.asarray(ratio * np.sqrt(HOURS_PER_DAY), dtype=np.float64)


class Resampler:
    """Resamples many series with the blocks of one seed; nothing is drawn or compounded twice.

    Holds what it made: for one comparison, not for a life.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._plans: dict[int, Resampling] = {}
        self._totals: dict[bytes, FloatArray] = {}

    def plan(self, hours: int) -> Resampling:
        """Return the blocks for a series of so many hours."""
        if hours not in self._plans:
            self._plans[hours] = draw(hours, seed=self._seed)
        return self._plans[hours]

    def returns(self, returns: FloatArray) -> FloatArray:
        """Do `resampled_returns` with the blocks for its length."""
        key = returns.tobytes()
        if key not in self._totals:
            self._totals[key] = resampled_returns(returns, self.plan(len(returns)))
        return self._totals[key]

    def sharpes(self, returns: FloatArray) -> FloatArray:
        """Do `resampled_sharpes` likewise."""
        return resampled_sharpes(returns, self.plan(len(returns)))


def interval(values: FloatArray) -> Interval95:
    """Return the 95 % percentile interval of a resampled statistic."""
    low, high = np.percentile(values, _PERCENTILES)
    return float(low), float(high)


def around(estimate: float, bounds: Interval95) -> Interval95:
    """Return an interval with the number it belongs to inside.

    Where the percentiles leave it out (equal returns, which differ by rounding only; one hour that
    outweighs all others), the nearer end is moved to it: never narrower, so it still covers 95 %.
    """
    low, high = bounds
    return min(low, estimate), max(high, estimate)


def probability_above(values: FloatArray, others: FloatArray) -> float:
    """Return how often `values` is above `others`, pair by pair; ties count one half."""
    return float((values > others).mean() + (values == others).mean() / 2)


def _block_sums(values: FloatArray, plan: Resampling) -> FloatArray:
    """Add up a circular series over the blocks of each resample; shape (B,)."""
    twice = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values]))])
    found = np.empty(len(plan.starts), dtype=np.float64)
    for first in range(0, len(found), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        starts = plan.starts[some]
        sums = twice[starts + plan.lengths[some]] - twice[starts]
        found[some] = sums.sum(axis=1)
    return found
