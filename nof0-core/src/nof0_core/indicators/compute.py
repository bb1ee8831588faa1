"""Compute configured indicators over bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nof0_core.domain.candles import Candles, FloatArray
from nof0_core.indicators.catalog import output_names, recipe_of
from nof0_core.indicators.recipe import COLUMNS, Wanted


def compute(configs: Sequence[Wanted], candles: Candles) -> Mapping[str, FloatArray]:
    """Compute all indicators over one series.

    Args:
        configs: indicators that passed `nof0_core.indicators.catalog.check`.
        candles: closed bars, oldest first.

    Returns:
        Read-only float64 arrays of shape (n,) by name, in the order of `configs`, aligned with the
        bars. NaN before the first valid bar and wherever the function has no finite value.
    """
    columns: Mapping[str, FloatArray] = {
        name: np.ascontiguousarray(getattr(candles, name)) for name in COLUMNS
    }
    results: dict[str, FloatArray] = {}
    for config in configs:
        outputs = recipe_of(config).run(columns)
        results.update(zip(output_names(config), outputs, strict=True))
    return results
