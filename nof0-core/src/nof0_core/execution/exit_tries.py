"""Exits that do not stand at the venue and may wait: when the next is sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

import attrs

from nof0_core.domain.order import TriggerKind
from nof0_core.execution.exits import PositionKey, key_of
from nof0_core.ledger import Position

LONGEST = {TriggerKind.STOP: 8, TriggerKind.TARGET: 60}
"""Syncs from one try to the next at most: two minutes and a quarter of an hour at the usual 15 s.

A stop that is too large may take what belongs to another trader; a target is watched.
"""

_Wanted = tuple[Decimal | None, Decimal]


@attrs.define
class _Try:
    """The last try was in the sync `round`; the next is after `gap` of them.

    `wanted` is what was asked for: another price or size is a try of its own.
    """

    round: int
    wanted: _Wanted
    gap: int
    is_refused: bool = False


class ExitTries:
    """Remembers them by position and kind: each further try is twice as many syncs away.

    May wait can a target, which the engine watches while it does not stand, and a stop of the right
    size as long as a larger one stands. Each try costs an order, two records and a part of what the
    venue allows. A venue that takes an exit and soon has it no more has as good as refused it; one
    that has stood for more than `LONGEST` syncs begins anew.
    """

    def __init__(self) -> None:
        self._round = 0
        self._tries: dict[tuple[PositionKey, TriggerKind], _Try] = {}

    def begin_round(self, count: int = 1) -> None:
        """Let a sync begin, or so many that are left out because nothing can happen in them."""
        self._round += count

    def due(self, position: Position, missing: Sequence[TriggerKind]) -> list[TriggerKind]:
        """Return what of the missing exits may be sent now: each once in a sync, not too soon."""
        return [kind for kind in missing if self._is_due(position, kind)]

    def syncs_left(self, position: Position, kind: TriggerKind) -> int:
        """Return how many syncs it is to the one in which a missing exit may be sent."""
        last = self._tries.get((key_of(position), kind))
        if last is None or last.wanted != _wanted(position, kind):
            return 1
        return max(1, last.round + last.gap - self._round)

    def begin(self, position: Position, kinds: Collection[TriggerKind]) -> None:
        """Note that some are about to be sent."""
        for kind in kinds:
            wanted = _wanted(position, kind)
            last = self._tries.get((key_of(position), kind))
            gap = 1
            if last is not None and last.wanted == wanted:
                if last.is_refused:
                    gap = last.gap
                elif self._round - last.round <= LONGEST[kind]:
                    gap = min(2 * last.gap, LONGEST[kind])
            self._tries[key_of(position), kind] = _Try(self._round, wanted, gap)

    def end(self, position: Position, kind: TriggerKind, *, is_refused: bool) -> None:
        """Note what came of it."""
        last = self._tries.get((key_of(position), kind))
        if last is not None and is_refused:
            last.is_refused = True
            last.gap = min(2 * last.gap, LONGEST[kind])

    def forget_all_but(self, keys: Collection[PositionKey]) -> None:
        """Forget positions that are gone."""
        if self._tries:
            self._tries = {key: tried for key, tried in self._tries.items() if key[0] in keys}

    def _is_due(self, position: Position, kind: TriggerKind) -> bool:
        last = self._tries.get((key_of(position), kind))
        if last is None:
            return True
        since = self._round - last.round
        return since >= last.gap or (since > 0 and last.wanted != _wanted(position, kind))


def _wanted(position: Position, kind: TriggerKind) -> _Wanted:
    plan = position.plan
    price = plan.stop_loss if kind is TriggerKind.STOP else plan.take_profit
    return price, position.quantity
