"""Counts by bounds as Prometheus has them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def buckets_of(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return (bound, how many took at most that long), the last one without bound."""
    names = [*map(str, bounds), "+Inf"]
    return [(name, float(n)) for name, n in zip(names, accumulate(counts), strict=True)]
