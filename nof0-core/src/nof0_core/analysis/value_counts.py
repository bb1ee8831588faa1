"""How often each value occurred: what medians need of a series that grows for years."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from nof0_core.domain.candles import FloatArray


class ValueCounts:
    """Counts values that come again and again, such as confidences and leverages."""

    __slots__ = ("_counts",)

    def __init__(self, counts: Iterable[tuple[float, int]] = ()) -> None:
        self._counts: Counter[float] = Counter(dict(counts))

    def add(self, value: float) -> None:
        """Count one more."""
        self._counts[float(value)] += 1

    def values(self) -> FloatArray:
        """Return all that were counted, shape (n,), ascending."""
        pairs = self.pairs()
        values = np.array([value for value, _ in pairs], dtype=np.float64)
        return np.repeat(values, [count for _, count in pairs])

    def pairs(self) -> list[tuple[float, int]]:
        """Return each value with its count, ascending."""
        return sorted(self._counts.items())
