"""Windows of a walk forward: each choice is judged on what came after what it was made on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs

from nof0_core.backtest.window import Window


@attrs.frozen(kw_only=True)
class Fold:
    """One step: `number` counts from 1, `test` begins where `train` ends."""

    number: int
    train: Window
    test: Window


def folds(
    start: datetime, end: datetime, *, train: timedelta, test: timedelta, step: timedelta
) -> Iterator[Fold]:
    """Yield all steps whose windows end by `end`, oldest first."""
    number = 1
    while start + train + test <= end:
        middle = start + train
        yield Fold(number=number, train=Window(start, middle), test=Window(middle, middle + test))
        start += step
        number += 1
