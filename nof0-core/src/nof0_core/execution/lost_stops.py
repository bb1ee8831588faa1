"""Stops that the venue has accepted and then has no more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from nof0_core.clock import Clock
from nof0_core.execution.exits import PositionKey, key_of
from nof0_core.ledger import Position

STEADY = timedelta(hours=1)
"""A stop that has stood for so long (engine time) is not lost for the same reason as the last."""


class LostStops:
    """Counts, for each position, the stops that were lost one soon after the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stood: dict[PositionKey, datetime] = {}
        self._counts: dict[PositionKey, int] = {}

    def stands(self, position: Position) -> None:
        """Note that a stop of a position stands at the venue."""
        self._stood.setdefault(key_of(position), self._clock.now())

    def is_standing(self, position: Position) -> bool:
        """Tell whether a stop was noted, and not given up since."""
        return key_of(position) in self._stood

    def count(self, position: Position) -> int:
        """Note that none stands any more; return how many in a row were lost so far."""
        key = key_of(position)
        since = self._stood.pop(key, None)
        if since is not None:
            is_steady = abs(self._clock.now() - since) >= STEADY
            self._counts[key] = 1 if is_steady else self._counts.get(key, 0) + 1
        return self._counts.get(key, 0)

    def withdraw(self, position: Position) -> None:
        """Note that the engine itself takes the stop away."""
        self._stood.pop(key_of(position), None)

    def forget_all_but(self, keys: Collection[PositionKey]) -> None:
        """Forget positions that are gone."""
        self._stood = {key: since for key, since in self._stood.items() if key in keys}
        self._counts = {key: count for key, count in self._counts.items() if key in keys}
