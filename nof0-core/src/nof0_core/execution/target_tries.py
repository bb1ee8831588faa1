"""Targets that do not stand at the venue: when the next is sent."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

import attrs

from nof0_core.domain.order import TriggerKind
from nof0_core.execution.exits import PositionKey, key_of
from nof0_core.ledger import Position

LONGEST = 60
"""Syncs from one try to the next at most: a quarter of an hour at the usual 15 s."""


@attrs.define
class _Try:
    """The last try was in the sync `round`; the next is after `gap` of them.

    `wanted` is what was asked for: another price or size is a try of its own.
    """

    round: int
    wanted: tuple[Decimal | None, Decimal]
    gap: int = 1


class TargetTries:
    """Remembers them by position; after each refusal the next try is twice as many syncs away.

    The engine watches a target that does not stand, so nothing is lost in the meantime, while each
    try costs an order, two records and a part of what the venue allows.
    """

    def __init__(self) -> None:
        self._round = 0
        self._tries: dict[PositionKey, _Try] = {}

    def begin_round(self, count: int = 1) -> None:
        """Let a sync begin, or so many that are left out because nothing can happen in them."""
        self._round += count

    def may_try(self, position: Position, missing: Collection[TriggerKind]) -> bool:
        """Tell whether what is missing may be sent now: once in a sync, a target not too soon."""
        last = self._tries.get(key_of(position))
        if last is None:
            return True
        if last.round == self._round:
            return False
        if TriggerKind.STOP in missing or last.wanted != _wanted(position):
            return True
        return self._round - last.round >= last.gap

    def syncs_left(self, position: Position) -> int:
        """Return how many syncs it is to the one in which a missing target may be sent."""
        last = self._tries.get(key_of(position))
        if last is None or last.wanted != _wanted(position):
            return 1
        return max(1, last.round + last.gap - self._round)

    def begin(self, position: Position) -> None:
        """Note that one is about to be sent."""
        key, wanted = key_of(position), _wanted(position)
        last = self._tries.get(key)
        gap = last.gap if last is not None and last.wanted == wanted else 1
        self._tries[key] = _Try(self._round, wanted, gap)

    def end(self, position: Position, *, is_refused: bool) -> None:
        """Note what came of it."""
        last = self._tries.get(key_of(position))
        if last is not None:
            last.gap = min(2 * last.gap, LONGEST) if is_refused else 1

    def forget_all_but(self, keys: Collection[PositionKey]) -> None:
        """Forget positions that are gone."""
        if self._tries:
            self._tries = {key: tried for key, tried in self._tries.items() if key in keys}


def _wanted(position: Position) -> tuple[Decimal | None, Decimal]:
    return position.plan.take_profit, position.quantity
