"""Proof by trial that an indicator never looks ahead."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping

import numpy as np

from nof0_core.domain.candles import FloatArray, readonly
from nof0_core.indicators.recipe import Recipe

_CUTS = 80


@functools.lru_cache(maxsize=8)
def sample_columns(bars: int) -> Mapping[str, FloatArray]:
    """Return an invented market of so many bars: a rising random walk from a fixed seed."""
    rng = random.Random(7)
    steps, above, below, traded = (np.array([rng.random() for _ in range(bars)]) for _ in range(4))
    close = 100 * np.exp(np.cumsum(0.04 * (steps - 0.48)))
    start = np.concatenate(([100.0], close[:-1]))
    return {
        "open": readonly(start),
        "high": readonly(np.maximum(start, close) * (1 + above / 100)),
        "low": readonly(np.minimum(start, close) * (1 - below / 100)),
        "close": readonly(close),
        "volume": readonly(np.floor(10 + 1000 * traded)),
    }


@functools.cache
def sees_the_future(recipe: Recipe) -> bool:
    """Tell whether a value changes when later bars are taken away.

    The function runs over an invented market, then over each of 80 shorter beginnings of it; every
    value of a shorter run must have the very same bits in the longer one.
    """
    bars = recipe.lookback + 1 + _CUTS
    columns = sample_columns(bars)
    whole = recipe.run(columns)
    for cut in range(bars - _CUTS, bars):
        part = recipe.run({name: values[:cut] for name, values in columns.items()})
        pairs = zip(whole, part, strict=True)
        if not all(np.array_equal(long[:cut], short, equal_nan=True) for long, short in pairs):
            return True
    return False
