"""Cancels that came to nothing: when the next one leaves."""

from __future__ import annotations

from collections.abc import Iterable

import anyio
import attrs

from nof0_core.domain.order_record import OrderRecord
from nof0_core.ids import ClientOrderId

LONGEST = 60
"""Real seconds, or syncs, from one try to the next at most."""


@attrs.define
class _Try:
    next_at: float
    gap: int


class CancelTries:
    """Remembers the tries by order: further ones come after 1, 2, 4 … real seconds or syncs.

    Syncs are counted where tries go `by_round`; else the second try may be made at once. An order
    that should not wait any more protects nothing: a cancel with every look would only take from
    stops what a venue allows.
    """

    def __init__(self, *, by_round: bool) -> None:
        self._by_round = by_round
        self._first = 1 if by_round else 0
        self._round = 0
        self._tries: dict[ClientOrderId, _Try] = {}

    def begin_round(self, waiting: Iterable[OrderRecord]) -> None:
        """Let a sync begin; orders that are not `waiting` at the venue any more are forgotten."""
        self._round += 1
        if self._tries:
            ids = {order.client_id for order in waiting}
            self._tries = {key: tried for key, tried in self._tries.items() if key in ids}

    def take(self, client_ids: Iterable[ClientOrderId]) -> list[ClientOrderId]:
        """Return those of some orders that may be cancelled now, and count it as a try."""
        now = self._round if self._by_round else anyio.current_time()
        due = []
        for client_id in client_ids:
            last = self._tries.get(client_id)
            if last is None:
                self._tries[client_id] = _Try(now + self._first, self._first)
            elif now >= last.next_at:
                last.gap = min(max(1, 2 * last.gap), LONGEST)
                last.next_at = now + last.gap
            else:
                continue
            due.append(client_id)
        return due
