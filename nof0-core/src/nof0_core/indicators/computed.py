"""Indicators of one series of bars, each computed once however many lists name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nof0_core.domain.candles import Candles, FloatArray
from nof0_core.indicators.catalog import output_names, recipe_of
from nof0_core.indicators.recipe import COLUMNS, Wanted, parameters_of

Key = tuple[str, tuple[tuple[str, float], ...]]
"""A function with all its parameters, those left out at TA-Lib's defaults."""


class Computed:
    """What was computed on some bars so far."""

    def __init__(self, candles: Candles) -> None:
        """Take closed bars, oldest first; nothing is computed yet."""
        self.candles = candles
        self._columns: Mapping[str, FloatArray] = {
            name: np.ascontiguousarray(getattr(candles, name)) for name in COLUMNS
        }
        self._outputs: dict[Key, tuple[FloatArray, ...]] = {}

    def of(self, configs: Sequence[Wanted]) -> Mapping[str, FloatArray]:
        """Return the results of a list of indicators that passed `nof0_core.indicators.catalog`.

        Returns:
            Read-only float64 arrays of shape (n,) by name, in the order of `configs`, aligned with
            the bars. NaN before the first valid bar and wherever the function has no finite value.
        """
        results: dict[str, FloatArray] = {}
        for config in configs:
            key = key_of(config)
            outputs = self._outputs.get(key)
            if outputs is None:
                outputs = self._outputs[key] = recipe_of(config).run(self._columns)
            results.update(zip(output_names(config), outputs, strict=True))
        return results


def key_of(config: Wanted) -> Key:
    """Return what tells the results of two indicators apart, whatever they are called."""
    known = parameters_of(config.function)
    settings = {name: each.default for name, each in known.items()} | dict(config.parameters)
    return config.function, tuple(sorted((name, float(value)) for name, value in settings.items()))
