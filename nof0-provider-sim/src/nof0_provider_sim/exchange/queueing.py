"""Whether a resting order trades when the price comes just to its limit."""

from __future__ import annotations

import random

import attrs

from nof0_provider_sim.exchange.book import Order
from nof0_provider_sim.exchange.feed import Bar


@attrs.frozen(kw_only=True)
class Queue:
    """With `probability` an order is far enough ahead.

    A draw depends on the seed, the order and the bar alone.
    """

    probability: float
    seed: int

    def serves(self, order: Order, bar: Bar) -> bool:
        """Tell whether an order fills in a bar whose extreme equals its limit."""
        if not self.probability:
            return False
        # Not a secret: a reproducible draw.
        rng = random.Random(f"{self.seed}:queue:{order.taken.client_id}:{bar.open_ms}")
        return rng.random() < self.probability
