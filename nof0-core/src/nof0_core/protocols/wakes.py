"""When a rule may act, told beforehand, so that a backtest need not ask it in between."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nof0_core.domain.model import ModelSpec
from nof0_core.domain.outlook import TraderOutlook
from nof0_core.ids import Symbol

WakeArray = npt.NDArray[np.bool_]
"""One value per decision: whether the model may do anything but hold then."""
WakeColumns = Mapping[str, npt.NDArray[Any]]
"""Read-only arrays of one length: what is known of a coin at each moment a trader decides.

`time` are these moments (milliseconds UTC, int64), `mark` the marks then, in USD. For each interval
the trader sees there is the newest bar that has closed: `3m.open_time` (milliseconds, -1 before the
first), `3m.open`, `3m.high`, `3m.low`, `3m.close`, `3m.volume`, and each indicator by its name,
`3m.ema20`; NaN where there is no value.
"""


class Stance(StrEnum):
    """What a trader holds of a coin.

    FULL: nothing, while it holds as many positions as it may. Where a rule does not tell of it,
    FLAT counts.
    """

    FLAT = "flat"
    FULL = "full"
    LONG = "long"
    SHORT = "short"


class Wakes(Protocol):
    """Tells at which decisions a model may do anything but hold, of one coin and each stance.

    At all others the model must answer with no decision whatever else is the case: a run may leave
    them out. Where it raises, or does anything for a coin, that coin's entry has to be true. Pure
    and causal: entry t follows from columns up to t. A backtest checks both.
    """

    def __call__(
        self, model: ModelSpec, trader: TraderOutlook, symbol: Symbol, columns: WakeColumns
    ) -> Mapping[Stance, WakeArray]:
        """Return an array of the length of the columns for each stance."""
