"""When something goes wrong on purpose."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum

from nof0_core.ids import Symbol
from nof0_provider_sim.exchange.bar import STALE_MS


class Fault(StrEnum):
    """What can go wrong; each is drawn for at every occasion it has.

    RATE_LIMITED: a call is refused (429), nothing happened. BAD_GATEWAY: the call never arrived
    (502); for orders and cancels the caller cannot know. TIMEOUT_AFTER_EXECUTION: orders or cancels
    were carried out, the answer is lost. DUPLICATE: orders arrive twice, and the answer is that of
    the second copy, a nonce that was used before. DROPPED_STREAM: a statement of fills or funding
    holds nothing newer than the one before it. STALE_MARK: a coin's mark stands still for up to
    five minutes. REJECT_STOPS: the venue refuses a stop.
    """

    RATE_LIMITED = "rate_limited"
    BAD_GATEWAY = "bad_gateway"
    TIMEOUT_AFTER_EXECUTION = "timeout_after_execution"
    DUPLICATE = "duplicate"
    DROPPED_STREAM = "dropped_stream"
    STALE_MARK = "stale_mark"
    REJECT_STOPS = "reject_stops"


FAULTS_OF_LOOKS = frozenset(
    {Fault.RATE_LIMITED, Fault.BAD_GATEWAY, Fault.DROPPED_STREAM, Fault.STALE_MARK}
)
"""Those that strike, or are seen, also where nothing is sent."""


class Faults:
    """Draws from a seed, and strikes at the occasions a script names; counted from 1 per fault.

    Same seed and same occasions, same faults. Stale marks depend on coin and time alone.
    """

    def __init__(
        self,
        *,
        probabilities: Mapping[Fault, float],
        script: Mapping[Fault, AbstractSet[int]],
        seed: int,
    ) -> None:
        self._probabilities = probabilities
        self._script = script
        self._seed = seed
        self._occasions: Counter[Fault] = Counter()

    def strikes(self, fault: Fault) -> bool:
        """Tell whether a fault happens at this occasion."""
        self._occasions[fault] += 1
        number = self._occasions[fault]
        return number in self._script.get(fault, ()) or self._draws(fault, str(number))

    def is_stale(self, symbol: Symbol, now_ms: int) -> bool:
        """Tell whether the mark of a coin stands still at a moment; `IsStale` of the feed.

        A script counts the stretches of five minutes since 00:00 UTC of the day.
        """
        stretch = now_ms // STALE_MS
        fault = Fault.STALE_MARK
        if stretch % _STRETCHES_A_DAY + 1 in self._script.get(fault, ()):
            return True
        return self._draws(fault, f"{symbol}:{stretch}")

    def has(self, fault: Fault) -> bool:
        """Tell whether a fault can happen at all."""
        return bool(self._probabilities.get(fault) or self._script.get(fault))

    @property
    def has_any(self) -> bool:
        """Return whether anything can go wrong."""
        return any(map(self.has, Fault))

    def _draws(self, fault: Fault, occasion: str) -> bool:
        probability = self._probabilities.get(fault, 0.0)
        if not probability:
            return False
        # Not a secret: a reproducible draw.
        return random.Random(f"{self._seed}:{fault}:{occasion}").random() < probability


_STRETCHES_A_DAY = 24 * 3_600_000 // STALE_MS
