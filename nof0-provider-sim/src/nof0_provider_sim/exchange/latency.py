"""How long an order travels to the venue."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import timedelta

from nof0_core.ids import ClientOrderId

_MILLISECOND = timedelta(milliseconds=1)


class Latency:
    """Constant, or log-normal with the given median: `median` x e^(sigma z), z standard normal.

    A draw depends on the seed and the orders that travel, on nothing that came before: the same
    order takes the same time after a restart.
    """

    def __init__(self, *, median: timedelta, sigma: float, seed: int) -> None:
        self._median_ms = median / _MILLISECOND
        self._sigma = sigma
        self._seed = seed

    def of(self, client_ids: Sequence[ClientOrderId]) -> int:
        """Return the milliseconds a batch takes."""
        if not self._sigma:
            return round(self._median_ms)
        # Not a secret: a reproducible draw.
        rng = random.Random(f"{self._seed}:{','.join(client_ids)}")
        return round(self._median_ms * math.exp(self._sigma * rng.gauss(0.0, 1.0)))
