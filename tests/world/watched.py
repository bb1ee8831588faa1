"""Between engine and venue: what the engine asked for and when, and what it was told."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from decimal import Decimal as D

import attrs
from world.loop import now
from world.venue import ACCOUNT

from nof0_core.domain.order import OrderStatus
from nof0_core.money import ZERO
from nof0_core.protocols import ExchangeWrapper

FRESH = 5.0
"""How old in seconds a report may be by which a close leaves that is no reduction."""


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

    `on_step` hears of each call as it begins and as it is answered. `told` is the executed size the
    engine was told of, by order, and `told_by_hand` a person's trades it was told of. `reported` is
    when the newest report came that the engine could read, by when it was asked for.
    """

    def __init__(self, inner, truth, before_place, on_step=lambda _: None) -> None:
        super().__init__(inner)
        self.truth = truth
        self.before_place, self.on_step = before_place, on_step
        self.sent: dict[str, Sent] = {}
        self.closes: dict[tuple[str, str], list[Sent]] = {}
        self.told: Counter[str] = Counter()
        self.reported = -math.inf
        self.told_by_hand: set[str] = set()
        self._seen_at = None
        self.faults: list[tuple[str, str]] = []

    async def report(self):
        asked = now()
        report = await self._step("report", self.inner.report())
        if report is not None and asked >= self.reported:
            self.reported, self._seen_at = asked, report.time
        return report

    async def place(self, orders, *, expires_at):
        self.before_place(orders)
        for request in orders:
            self._note(request)
        call = self.inner.place(orders, expires_at=expires_at)
        outcomes = await self._step(self._kind(orders[0]), call)
        self._hear(outcomes)
        return outcomes

    async def cancel(self, client_ids):
        outcomes = await self._step("cancel", self.inner.cancel(client_ids))
        self._hear(outcomes)
        return outcomes

    async def order(self, client_id):
        found = await self._step("order", self.inner.order(client_id))
        self._hear([found])
        return found

    async def _prove(self, client_id):
        found = await self._step("prove", self.inner.prove(client_id))
        if found is None and client_id in self.sent:
            self._end(self.sent[client_id])
        self._hear([found])
        return found

    async def fills(self, since):
        fills = await self._step("fills", self.inner.fills(since))
        sizes = Counter()
        for fill in fills or ():
            if fill.client_id is None:
                self.told_by_hand.add(fill.trade_id)
            else:
                sizes[fill.client_id] += fill.size
        for client_id, size in sizes.items():
            self.told[client_id] = max(self.told[client_id], size)
        return fills

    def remember(self, state):
        """Let a new engine begin, which knows what its state says and has asked nothing yet.

        Of an order that was only intended it cannot know that it never left.
        """
        self.reported = -math.inf
        for record in state.open_orders(ACCOUNT):
            if record.client_id not in self.sent:
                self._note(record.request)
        for client_id, sent in self.sent.items():
            record = state.order(client_id)
            outcome = record.outcome if record is not None else None
            is_answered = outcome is not None and not record.is_unknown
            if not is_answered:
                # It has to find out anew, from now on.
                sent.at, sent.ended = now(), math.inf
            booked = record.filled if record is not None else ZERO
            self.told[client_id] = max(booked, outcome.filled_size if outcome else ZERO)
        self.told_by_hand = {
            f.trade_id for f in self.truth.manual if state.knows_fill(ACCOUNT, f.trade_id)
        }

    def known(self, symbol):
        """Return what a person and each trader hold of a coin as far as the engine was told."""
        held: defaultdict[str | None, D] = defaultdict(D)
        held[None] = self.truth.by_hand[symbol]
        held.update({t: q for (t, s), q in self.truth.held.items() if s == symbol})
        for fill in self.truth.manual:
            if fill.symbol == symbol and fill.trade_id not in self.told_by_hand:
                held[None] -= fill.quantity
        for client_id, sent in self.sent.items():
            if sent.request.symbol == symbol:
                untold = self.truth.filled.get(client_id, ZERO) - self.told[client_id]
                held[sent.trader] -= sent.request.side.sign * max(ZERO, untold)
        return held

    async def _step(self, what, call):
        self.on_step(f"{what} begun")
        answer = await call
        self.on_step(f"{what} answered")
        return answer

    def _kind(self, request):
        if request.trigger is not None:
            return "exit"
        return "entry" if self.truth.is_entry(request.client_id) else "close"

    def _note(self, request):
        client_id = request.client_id
        if client_id in self.sent:
            self.faults.append(("resent", f"{client_id} was sent twice"))
            return
        trader = self.truth.owner(client_id)
        sent = Sent(request, trader, now())
        self.sent[client_id] = sent
        if not request.is_reduce_only and now() - self.reported < FRESH:
            self.truth.looked[client_id] = self._seen_at
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
