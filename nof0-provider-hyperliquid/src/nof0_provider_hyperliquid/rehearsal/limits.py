"""What one IP address may do (Hyperliquid, "Rate limits and user limits"; sockets as of 2026)."""

from __future__ import annotations

from collections import deque

from attrs import define, field

MINUTE_MS = 60_000


@define
class Limit:
    """At most so much within a minute of venue time."""

    most: int
    _taken: deque[tuple[int, int]] = field(factory=deque, init=False)
    _sum: int = field(default=0, init=False)

    def take(self, amount: int, now_ms: int) -> bool:
        """Take an amount if there is room, and tell whether there was."""
        while self._taken and self._taken[0][0] <= now_ms - MINUTE_MS:
            self._sum -= self._taken.popleft()[1]
        if self._sum + amount > self.most:
            return False
        self._taken.append((now_ms, amount))
        self._sum += amount
        return True

    def debit(self, amount: int, now_ms: int) -> None:
        """Take what was known only afterwards, room or not."""
        self._taken.append((now_ms, amount))
        self._sum += amount


@define(kw_only=True)
class AddressLimits:
    """The limits of an address.

    `weight` is of REST requests, `connections` of new websockets, `messages` of what is sent over
    them; the numbers are those that may exist at a time.
    """

    weight: Limit = field(factory=lambda: Limit(1_200))
    connections: Limit = field(factory=lambda: Limit(30))
    messages: Limit = field(factory=lambda: Limit(2_000))
    sockets: int = 10
    subscriptions: int = 1_000
    users: int = 10


@define
class Limits:
    """The limits of every IP address, each with its own."""

    _known: dict[str, AddressLimits] = field(factory=dict, init=False)

    def of(self, address: str) -> AddressLimits:
        """Return those of an address, which the caller may change."""
        return self._known.setdefault(address, AddressLimits())


_LIGHT = [
    "l2Book",
    "allMids",
    "clearinghouseState",
    "orderStatus",
    "spotClearinghouseState",
    "exchangeStatus",
]
_BY_TWENTY = [
    "recentTrades",
    "historicalOrders",
    "userFills",
    "userFillsByTime",
    "fundingHistory",
    "userFunding",
    "userNonFundingLedgerUpdates",
    "twapHistory",
    "userTwapSliceFills",
    "delegatorHistory",
]


def info_weight(kind: str, rows: int) -> int:
    """Return what an info request with that many rows weighs; written apart from the client's."""
    weight = 2 if kind in _LIGHT else 60 if kind == "userRole" else 20
    if kind in _BY_TWENTY:
        weight += rows // 20
    if kind == "candleSnapshot":
        weight += rows // 60
    return weight


def action_weight(batch: int) -> int:
    """Return what an exchange request with that many orders or cancels weighs."""
    return 1 + batch // 40
