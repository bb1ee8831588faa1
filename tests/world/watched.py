"""Between engine and venue: what the engine asked for and when, and what it was told."""

from __future__ import annotations

import math
from collections import Counter

import attrs
from world.loop import now

from nof0_core.domain.order import OrderStatus
from nof0_core.protocols import ExchangeWrapper


@attrs.define
class Sent:
    """An order as the engine sent it: when, and when the engine was told what became of it."""

    request: object
    trader: str
    at: float
    ended: float = math.inf

    @property
    def is_exit(self):
        return self.request.trigger is not None


class Watched(ExchangeWrapper):
    """Passes everything on and remembers it. `before_place(requests)` is called as orders leave.

    `told` is the executed size the engine was told of, by order. `reported` is when the newest
    report came that the engine could read, by when it was asked for.
    """

    def __init__(self, inner, truth, before_place) -> None:
        super().__init__(inner)
        self.truth = truth
        self.before_place = before_place
        self.sent: dict[str, Sent] = {}
        self.closes: dict[tuple[str, str], list[Sent]] = {}
        self.told: Counter[str] = Counter()
        self.reported = -math.inf
        self.faults: list[tuple[str, str]] = []

    async def report(self):
        asked = now()
        report = await self.inner.report()
        if report is not None:
            self.reported = max(self.reported, asked)
        return report

    async def place(self, orders, *, expires_at):
        self.before_place(orders)
        for request in orders:
            self._note(request)
        outcomes = await self.inner.place(orders, expires_at=expires_at)
        self._hear(outcomes)
        return outcomes

    async def cancel(self, client_ids):
        outcomes = await self.inner.cancel(client_ids)
        self._hear(outcomes)
        return outcomes

    async def order(self, client_id):
        found = await self.inner.order(client_id)
        self._hear([found])
        return found

    async def _prove(self, client_id):
        found = await self.inner.prove(client_id)
        if found is None and client_id in self.sent:
            self._end(self.sent[client_id])
        self._hear([found])
        return found

    async def fills(self, since):
        fills = await self.inner.fills(since)
        sizes = Counter()
        for fill in fills or ():
            if fill.client_id is not None:
                sizes[fill.client_id] += fill.size
        for client_id, size in sizes.items():
            self.told[client_id] = max(self.told[client_id], size)
        return fills

    def _note(self, request):
        client_id = request.client_id
        if client_id in self.sent:
            self.faults.append(("resent", f"{client_id} was sent twice"))
            return
        trader = self.truth.owner(client_id)
        sent = Sent(request, trader, now())
        self.sent[client_id] = sent
        if not sent.is_exit and not self.truth.is_entry(client_id):
            self.closes.setdefault((trader, request.symbol), []).append(sent)

    def _hear(self, answers):
        for answer in answers or ():
            sent = self.sent.get(answer.client_id) if answer is not None else None
            if sent is None:
                continue
            if answer.filled_size:
                self.told[answer.client_id] = max(self.told[answer.client_id], answer.filled_size)
            if answer.status.is_final or answer.status is OrderStatus.RESTING:
                self._end(sent)

    def _end(self, sent):
        sent.ended = min(sent.ended, now())
