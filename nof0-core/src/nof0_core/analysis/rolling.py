"""The Sharpe ratio of a window that moves along a curve."""

from __future__ import annotations

import numpy as np

from nof0_core.analysis.returns import HOURS_PER_DAY, NO_SPREAD
from nof0_core.domain.candles import FloatArray

MONTH = 30 * HOURS_PER_DAY


def rolling_window(count: int) -> int:
    """Return how many hours a window should have: 30 days, or a quarter of a shorter record.

    Args:
        count: of hourly returns.

    Returns:
        0 where the record is below four days: such a window would say nothing.
    """
    return 0 if count < 4 * HOURS_PER_DAY else min(MONTH, count // 4)


def rolling_sharpe(returns: FloatArray, window: int) -> FloatArray:
    """Compute the Sharpe ratio on a daily scale of each `window` returns in a row.

    The formula is that of `nof0_core.analysis.returns.daily_sharpe`.

    Args:
        returns: hourly fractions, shape (n,), oldest first.
        window: of at least 2 returns.

    Returns:
        Shape (n - window + 1,), the first for the oldest `window` returns; 0 where all returns of a
        window are equal. Empty where there are fewer returns.

    Raises:
        ValueError: the window has fewer than 2 returns.
    """
    if window < 2:
        message = "a window needs at least 2 returns"
        raise ValueError(message)
    if len(returns) < window:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)
    means = windows.mean(axis=1)
    deviations = windows.std(axis=1, ddof=1)
    flat = deviations <= NO_SPREAD
    ratios = np.where(flat, 0.0, means / np.where(flat, 1.0, deviations))
    return np.asarray(ratios * HOURS_PER_DAY**0.5)
