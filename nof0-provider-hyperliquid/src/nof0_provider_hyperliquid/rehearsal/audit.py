"""What the venue was asked, and whether whoever asked kept to its limits.

Limits are those of an IP address: the most of anything is the most of one address.
"""

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
    address: str = ""


@define
class Audit:
    """Everything that was asked and said, with sums."""

    requests: list[Request] = field(factory=list)
    connections: list[tuple[int, str]] = field(factory=list)
    """Venue times in ms at which websockets were opened, and from which address."""
    most_sockets: int = 0
    most_subscriptions: int = 0
    messages: list[tuple[int, str]] = field(factory=list)
    """Venue times in ms of messages that clients sent, and from which address."""
    refused_connections: int = 0
    duplicates: list[str] = field(factory=list)
    """Client ids under which more than one order was taken; must stay empty."""
    nonces_twice: list[tuple[str, int]] = field(factory=list)
    """Signers and nonces under which more than one action was carried out; must stay empty."""
    _taken: set[str] = field(factory=set)
    _signed: set[tuple[str, int]] = field(factory=set)

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

    def carried_out(self, signer: str, nonce: int) -> None:
        """Take note that an action was carried out, whatever became of its orders."""
        if (signer, nonce) in self._signed:
            self.nonces_twice.append((signer, nonce))
        self._signed.add((signer, nonce))

    @property
    def most_weight(self) -> int:
        """Return the most weight of an address within any minute; what was refused counts too."""
        return most_of_one((r.address, r.time_ms, r.weight) for r in self.requests)

    @property
    def most_connections(self) -> int:
        """Return the most new connections of an address within any minute."""
        return most_of_one((address, time, 1) for time, address in self.connections)

    @property
    def most_messages(self) -> int:
        """Return the most messages sent from an address within any minute."""
        return most_of_one((address, time, 1) for time, address in self.messages)


def most_of_one(amounts: Iterable[tuple[str, int, int]]) -> int:
    """Return the largest sum of one address within a minute; (address, time in ms, amount)."""
    by_address: dict[str, list[tuple[int, int]]] = {}
    for address, time, amount in amounts:
        by_address.setdefault(address, []).append((time, amount))
    return max(map(most_within, by_address.values()), default=0)


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
