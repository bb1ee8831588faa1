"""The four statistics the analytics tables are made of, with 0 where there is nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.ArrayLike


def mean(values: Values) -> float:
    """Return the arithmetic mean, 0 of nothing."""
    array = np.asarray(values, dtype=np.float64)
    return float(array.mean()) if array.size else 0.0


def median(values: Values) -> float:
    """Return the median, 0 of nothing."""
    array = np.asarray(values, dtype=np.float64)
    return float(np.median(array)) if array.size else 0.0


def deviation(values: Values) -> float:
    """Return the sample standard deviation (n - 1), 0 below 2 values."""
    array = np.asarray(values, dtype=np.float64)
    return float(array.std(ddof=1)) if array.size > 1 else 0.0


def total(values: Values) -> float:
    """Return the sum."""
    return float(np.asarray(values, dtype=np.float64).sum())
