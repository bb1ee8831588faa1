"""Positions without their stop: since when, and whether another one may be tried."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import anyio
import attrs

from nof0_core.execution.exits import PositionKey, key_of
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.ids import TraderId
from nof0_core.ledger import Position

APART = 2.0
"""Real seconds from one try to place a stop to the next."""
REFUSALS = 2
"""With this many refused or lost stops the deadline has passed where they are counted."""


@attrs.define(kw_only=True)
class Naked:
    """A position without its stop since `since`; the next is sent at `next_at` (event loop's time).

    `is_trying`: somebody is about to place it.
    """

    since: float
    next_at: float = 0.0
    is_trying: bool = False
    refusals: int = 0
    reason: str = ""
    is_lost: bool = False
    is_given_up: bool = False


class NakedPositions:
    """Remembers them; where tries go `by_round` refusals are counted, and no time is asked for."""

    def __init__(self, policies: Mapping[TraderId, OrderPolicy], *, by_round: bool) -> None:
        self._policies = policies
        self._by_round = by_round
        self._naked: dict[PositionKey, Naked] = {}

    def of(self, position: Position) -> Naked:
        """Return what is known of a position that has no stop, from now on if nothing was."""
        key = key_of(position)
        naked = self._naked.get(key)
        if naked is None:
            naked = self._naked[key] = Naked(since=self._now())
        return naked

    def begin(self, naked: Naked) -> None:
        """Note that somebody is about to place a stop."""
        naked.is_trying = True

    def end(self, naked: Naked) -> None:
        """Note that a try is over, whatever came of it."""
        naked.is_trying = False
        naked.next_at = self._now() + APART

    def forget(self, position: Position) -> None:
        """Forget a position that has its stop, or needs none."""
        self._naked.pop(key_of(position), None)

    def forget_all_but(self, keys: Collection[PositionKey]) -> None:
        """Forget positions that are gone."""
        if self._naked:
            self._naked = {key: naked for key, naked in self._naked.items() if key in keys}

    def left(self, position: Position, naked: Naked) -> float:
        """Return the real seconds left for placing a stop; no end where refusals are counted.

        The other half of the deadline is for the close that follows.
        """
        if self._by_round:
            return float("inf")
        deadline = self._policies[position.trader].stop_deadline.total_seconds()
        return max(0.0, naked.since + deadline / 2 - anyio.current_time())

    def may_try(self, position: Position, naked: Naked) -> bool:
        """Tell whether the time for the next try, or for the last decision, has come."""
        is_due = self._by_round or anyio.current_time() >= naked.next_at
        return is_due or self.is_over(position, naked)

    def is_over(self, position: Position, naked: Naked) -> bool:
        """Tell whether no further stop is to be tried."""
        if naked.is_lost:
            return True
        if self._by_round:
            return naked.refusals >= REFUSALS
        return self.left(position, naked) <= 0

    def _now(self) -> float:
        return 0.0 if self._by_round else anyio.current_time()
