"""Where all orders stand, counted."""

from __future__ import annotations

from collections import Counter, OrderedDict

import msgspec

from nof0_core.domain.event import Event, OrderAnswered, OrderIntended
from nof0_core.domain.order import OrderStatus

INTENDED = "intended"
_RECENT = 1000
"""Ended orders that are remembered, in case something else is learned of them."""


class Known(msgspec.Struct):
    """One order: whose it is, where it stands, and since when (seconds since 1970)."""

    trader: str
    account: str
    status: str
    since: float


class KeptOrders(msgspec.Struct):
    """All that is remembered of orders."""

    open: dict[str, Known] = {}
    recent: list[tuple[str, Known]] = []
    ended: list[tuple[str, str, int]] = []


class OrderStates:
    """Counts orders by their newest status; remembers those that are open and the last ended."""

    def __init__(self) -> None:
        self._open: dict[str, Known] = {}
        self._recent: OrderedDict[str, Known] = OrderedDict()
        self._ended: Counter[tuple[str, str]] = Counter()

    def apply(self, event: Event) -> None:
        """Take in one event."""
        since = event.time.timestamp()
        match event.body:
            case OrderIntended(trader=trader, venue_account=account, request=request):
                self._open[request.client_id] = Known(trader, account, INTENDED, since)
            case OrderAnswered(trader=trader, venue_account=account, outcome=outcome):
                self._answer(outcome.client_id, Known(trader, account, outcome.status, since))

    def counts(self) -> Counter[tuple[str, str]]:
        """Return how many orders there are by trader and newest status."""
        return self._ended + Counter((one.trader, one.status) for one in self._open.values())

    def unknown(self) -> dict[str, tuple[int, float]]:
        """Return, by venue account, how many outcomes are not known, and since when the oldest."""
        found: dict[str, tuple[int, float]] = {}
        for one in self._open.values():
            if one.status == OrderStatus.UNKNOWN:
                count, since = found.get(one.account, (0, one.since))
                found[one.account] = (count + 1, min(since, one.since))
        return found

    def keep(self) -> KeptOrders:
        """Return all that is remembered."""
        ended = sorted((*key, count) for key, count in self._ended.items())
        return KeptOrders(self._open, list(self._recent.items()), ended)

    def take(self, kept: KeptOrders) -> None:
        """Take over what `keep` has returned."""
        self._open = kept.open
        self._recent = OrderedDict(kept.recent)
        self._ended = Counter({(trader, status): count for trader, status, count in kept.ended})

    def _answer(self, client_id: str, now: Known) -> None:
        before = self._recent.pop(client_id, None)
        if before is not None:
            self._ended[before.trader, before.status] -= 1
        if not OrderStatus(now.status).is_final:
            was = self._open.get(client_id)
            if was is not None and was.status == now.status:
                now.since = was.since
            self._open[client_id] = now
            return
        self._open.pop(client_id, None)
        self._ended[now.trader, now.status] += 1
        self._recent[client_id] = now
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
