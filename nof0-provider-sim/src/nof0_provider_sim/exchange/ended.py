"""Orders that no longer wait, by client id: the newest at hand, older ones as text."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nof0_core.domain.outcome import VenueOrder
from nof0_core.ids import ClientOrderId
from nof0_provider_sim.exchange import history
from nof0_provider_sim.exchange.parts import Part
from nof0_provider_sim.exchange.rows import ORDERS, EndedOrder


class _AtHand(NamedTuple):
    """An order that ended, which tells of itself, and when it did."""

    tell: Callable[[], VenueOrder]
    ended_ms: int


class EndedOrders:
    """In the order in which they ended. An old one that is asked for is read from its row."""

    def __init__(self, at_most: int) -> None:
        """Begin with none; from `at_most` at hand on all but the newest become rows."""
        self._at_most = at_most
        self._rows: dict[ClientOrderId, _AtHand | bytes] = {}
        # Those that are not rows so far, oldest first.
        self._at_hand: dict[ClientOrderId, None] = {}
        self._times = array("q")
        self.gone = 0
        self.expected = 0

    def __len__(self) -> int:
        """Return how many are known."""
        return len(self._rows)

    def __contains__(self, client_id: ClientOrderId) -> bool:
        """Tell whether an order is known to have ended."""
        return client_id in self._rows

    def add(self, client_id: ClientOrderId, tell: Callable[[], VenueOrder], ended_ms: int) -> None:
        """Remember one; it did not end before any other. `tell` says how, whenever it is asked."""
        self._rows[client_id] = _AtHand(tell, ended_ms)
        self._at_hand[client_id] = None
        self._times.append(ended_ms)
        if len(self._at_hand) >= self._at_most:
            self._pack(history.AT_HAND)

    def expect(self, *, gone: int, kept: int) -> None:
        """Say how many were forgotten, and how many rows are to be restored."""
        self.gone, self.expected = gone, kept

    def restore(self, line: bytes, row: Part) -> None:
        """Remember one again by its row.

        Raises:
            ValueError: it is no such row, or not the next one; says which key.
        """
        after_ms = self._times[-1] if self._times else 0
        at_ms = ORDERS.place(row, after_ms=after_ms, number=0)
        client_id = ClientOrderId(row.text("client_id"))
        if client_id in self._rows:
            msg = "row.client_id is that of another row"
            raise ValueError(msg)
        self._rows[client_id] = line
        self._times.append(at_ms)

    def get(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order as it ended, None if none is known."""
        row = self._rows.get(client_id)
        if row is None:
            return None
        return ORDERS.parse(row).order if isinstance(row, bytes) else row.tell()

    def forget(self, before_ms: int, keep: int) -> None:
        """Let those go that ended before a time, except the last `keep`."""
        going = min(bisect_left(self._times, before_ms), len(self._rows) - keep)
        if going > 0:
            del self._times[:going]
            # A new one: a dict is slow to take from at its beginning, and never shrinks.
            self._rows = dict(list(self._rows.items())[going:])
            self._at_hand = {each: None for each in self._at_hand if each in self._rows}
            self.gone += going

    def rows(self) -> Iterator[bytes]:
        """Iterate over the rows of all that are known."""
        # Each is written as text once.
        self._pack(0)
        return (row for row in self._rows.values() if isinstance(row, bytes))

    def _pack(self, keep: int) -> None:
        for client_id in list(self._at_hand)[: len(self._at_hand) - keep]:
            row = self._rows[client_id]
            if not isinstance(row, bytes):
                order = EndedOrder(order=row.tell(), client_id=client_id, ended_ms=row.ended_ms)
                self._rows[client_id] = ORDERS.write(order)
            del self._at_hand[client_id]
