"""What the venue was asked, and whether whoever asked kept to its limits."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from attrs import define, field, frozen

MINUTE_MS = 60_000


@frozen
class Request:
    """One request: venue time in ms, path, type of its body, weight, HTTP status (0: no answer)."""

    time_ms: int
    path: str
    type: str
    weight: int
    status: int


@define
class Audit:
    """Everything that was asked and said, with sums."""

    requests: list[Request] = field(factory=list)
    connections: list[int] = field(factory=list)
    """Venue times in ms at which websockets were opened."""
    most_sockets: int = 0
    most_subscriptions: int = 0
    messages: list[int] = field(factory=list)
    """Venue times in ms of messages that clients sent."""
    refused_connections: int = 0
    duplicates: list[str] = field(factory=list)
    """Client ids under which more than one order was taken; must stay empty."""
    _taken: set[str] = field(factory=set)

    def count(self, kind: str | None = None) -> int:
        """Return how many requests of a type were made; None: of all."""
        return sum(kind in {None, request.type} for request in self.requests)

    def by_type(self) -> Counter[str]:
        """Return how many requests of each type were made."""
        return Counter(request.type for request in self.requests)

    def taken(self, cloid: str) -> None:
        """Take note that an order with this client id was taken."""
        if cloid in self._taken:
            self.duplicates.append(cloid)
        self._taken.add(cloid)

    @property
    def most_weight(self) -> int:
        """Return the most weight within any minute; what was refused counts too."""
        return most_within((r.time_ms, r.weight) for r in self.requests)

    @property
    def most_connections(self) -> int:
        """Return the most new connections within any minute."""
        return most_within((time, 1) for time in self.connections)

    @property
    def most_messages(self) -> int:
        """Return the most messages sent within any minute."""
        return most_within((time, 1) for time in self.messages)


def most_within(amounts: Iterable[tuple[int, int]], span_ms: int = MINUTE_MS) -> int:
    """Return the largest sum of amounts whose times lie within a span, in order of time."""
    window: deque[tuple[int, int]] = deque()
    total = most = 0
    for time, amount in amounts:
        window.append((time, amount))
        total += amount
        while window[0][0] <= time - span_ms:
            total -= window.popleft()[1]
        most = max(most, total)
    return most
