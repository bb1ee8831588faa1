"""Prices and volumes that may be true and look wrong: outliers, and jumps to another unit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from nof0_core.domain.candles import FloatArray
from nof0_core.recordings.checking import text_of
from nof0_core.recordings.fault import Fault
from nof0_core.recordings.table import Table

BoolArray = npt.NDArray[np.bool_]

_WINDOW = 11
"""Bars whose median a bar is compared with; it stands in their middle."""
_LEAST = 0.05
"""Logarithm below which a distance from the median is never odd."""
_TIMES = 20.0
"""Distances, in medians of all distances of the series, from which one is odd."""
_PRICE_FACTOR = 5.0
_VOLUME_FACTOR = 1000.0
_LOOK = "compare it with another source; leave it if it is true"


def oddities(table: Table) -> Iterator[Fault]:
    """Yield outliers and jumps of a candle table; rows with values that cannot be are left out."""
    prices = table.values[:, 1:5] if len(table.values) else np.empty((0, 4))
    fine = np.asarray(np.isfinite(table.values).all(axis=1) & (prices > 0).all(axis=1))
    table = table.part(fine)
    if len(table.values) < 2 * _WINDOW:
        return
    odd = outliers(table.values[:, 2], table.values[:, 3], table.values[:, 4])
    for row in map(int, np.flatnonzero(odd)):
        low, high = table.values[row, 3], table.values[row, 2]
        yield table.fault(
            row,
            "outlier",
            f"at {text_of(table.values[row, 0])} the price is {low:g} to {high:g}, far from the "
            "bars around it",
            _LOOK,
        )
    rest = table.part(~odd)
    for place, name, factor in ((4, "price", _PRICE_FACTOR), (5, "volume", _VOLUME_FACTOR)):
        for row, ratio in _jumps(rest.values[:, place], factor):
            times = f"{ratio:.3g} times as high" if ratio > 1 else f"1/{1 / ratio:.3g} as high"
            yield rest.fault(
                row,
                "jump",
                f"from {text_of(rest.values[row, 0])} on the {name} is {times} as before: "
                "another unit or currency?",
                _LOOK,
            )


def outliers(highs: FloatArray, lows: FloatArray, closes: FloatArray) -> BoolArray:
    """Tell which bars are far from the medians before, around and after them.

    All of shape (n,), prices above 0; none of fewer than 22 bars is.
    """
    if len(closes) < 2 * _WINDOW:
        return np.zeros(len(closes), dtype=bool)
    windows = np.median(
        sliding_window_view(np.pad(closes, _WINDOW, mode="reflect"), _WINDOW), axis=1
    )
    distances = []
    for start in (0, _WINDOW // 2 + 1, _WINDOW + 1):
        usual = windows[start : start + len(closes)]
        distances.append(np.maximum(np.abs(np.log(highs / usual)), np.abs(np.log(lows / usual))))
    bound = max(_LEAST, _TIMES * float(np.median(distances[1])))
    return np.asarray(np.minimum.reduce(distances) > bound)


def _jumps(values: FloatArray, factor: float) -> Iterator[tuple[int, float]]:
    """Yield the rows from which on the median of the window is `factor` times another one."""
    if len(values) < 2 * _WINDOW:
        return
    medians = np.median(sliding_window_view(values, _WINDOW), axis=1)
    # medians[i] is that of rows i to i + window - 1: what is before and after each row.
    before, after = medians[: -_WINDOW or None], medians[_WINDOW:]
    fine = (before > 0) & (after > 0)
    ratio = np.divide(after, before, out=np.ones_like(after), where=fine)
    flagged = np.flatnonzero(np.abs(np.log(ratio)) >= np.log(factor)) + _WINDOW
    for run in np.split(flagged, np.flatnonzero(np.diff(flagged) > 1) + 1):
        if not len(run):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.abs(np.log(values[run] / values[run - 1]))
        row = int(run[int(np.argmax(np.where(np.isfinite(steps), steps, 0)))])
        yield row, float(ratio[row - _WINDOW])
