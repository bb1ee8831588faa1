"""Longer bars from shorter ones, also where some are missing."""

from __future__ import annotations

import itertools

import numpy as np

from nof0_core.domain.candles import Candles, Interval, interval_ms
from nof0_core.errors import DataError
from nof0_core.recordings.recording import aggregate

_DAY_MS = interval_ms("1d")


def resampled(candles: Candles, interval: Interval) -> tuple[Candles, int]:
    """Return longer bars, and how many were left out because a part of them is missing.

    Raises:
        DataError: bars of that length cannot be made of these.
    """
    step = interval_ms(candles.interval)
    try:
        length = interval_ms(interval)
    except ValueError as error:
        raise DataError(str(error)) from error
    if length > _DAY_MS:
        message = f"{interval} bars are not made: where they begin is up to a venue"
        raise DataError(message, hints=("1d is the longest",))
    if length % step or length == step or _DAY_MS % length:
        message = f"{interval} bars cannot be made of {candles.interval} bars"
        hint = f"choose a multiple of {candles.interval} that divides a day"
        raise DataError(message, hints=(hint,))
    cuts = np.flatnonzero(np.diff(candles.open_time) != step) + 1
    edges = [0, *map(int, cuts), len(candles)]
    pieces = [aggregate(candles[start:end], interval) for start, end in itertools.pairwise(edges)]
    found = Candles(
        interval=interval,
        **{
            name: np.concatenate([getattr(piece, name) for piece in pieces])
            for name in ("open_time", "open", "high", "low", "close", "volume")
        },
    )
    touched = len(np.unique(candles.open_time // length))
    return found, touched - len(found)
