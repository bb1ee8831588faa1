"""What the `prometheus` exporter counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from nof0_core.domain.event import Alerted, CallsLost, CycleEnded, Event, Filled
from nof0_core.domain.model import ModelCall, Usage
from nof0_core.exporters.order_states import KeptOrders, OrderStates
from nof0_core.exporters.standing import KeptStanding, Standing
from nof0_core.money import EXACT, ZERO


class _FirstDump(msgspec.Struct):
    """What version 1 has dumped."""

    seq: int
    cycles: list[tuple[str, str, int]]
    tokens: dict[str, int]
    cost: dict[str, Decimal]
    fills: dict[str, int]
    alerts: dict[str, int]


class _Dump(_FirstDump):
    calls: list[tuple[str, str, str, int]]
    orders: KeptOrders
    standing: KeptStanding


class EventCounts:
    """Counts events; `seq` is the number of the newest.

    `cycles` are by trader and status, `tokens`, `cost` (USD) and `fills` by trader, `alerts` by
    code, `calls` to models by trader, entry and outcome. `orders` and `standing` are what holds
    now.
    """

    name = "counts"
    version = 2

    def __init__(self) -> None:
        self.seq = 0
        self.cycles: Counter[tuple[str, str]] = Counter()
        self.tokens: Counter[str] = Counter()
        self.cost: dict[str, Decimal] = {}
        self.fills: Counter[str] = Counter()
        self.alerts: Counter[str] = Counter()
        self.calls: Counter[tuple[str, str, str]] = Counter()
        self.orders = OrderStates()
        self.standing = Standing()

    def apply(self, event: Event) -> None:
        """Take in one event."""
        match event.body:
            case CycleEnded(trader=trader, status=status, usage=usage, calls=calls):
                self.cycles[trader, status] += 1
                self._spend(trader, usage, calls)
                self.standing.spend(trader, event.body.budget)
            case CallsLost(trader=trader, usage=usage, calls=calls):
                self._spend(trader, usage, calls)
            case Filled(trader=trader):
                self.fills[trader] += 1
            case Alerted(code=code):
                self.alerts[code] += 1
            case _:
                self.orders.apply(event)
                self.standing.apply(event)
        self.seq = event.seq

    def dump(self) -> bytes:
        """Return all that is remembered."""
        cycles = [(trader, status, count) for (trader, status), count in self.cycles.items()]
        calls = [(*key, count) for key, count in self.calls.items()]
        return msgspec.json.encode(
            _Dump(
                self.seq,
                cycles,
                self.tokens,
                self.cost,
                self.fills,
                self.alerts,
                calls,
                self.orders.keep(),
                self.standing.keep(),
            )
        )

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned.

        Raises:
            msgspec.MsgspecError: it is something else; nothing has changed then.
        """
        kept = msgspec.json.decode(data, type=_Dump)
        self._take(kept)
        self.calls = Counter({(trader, model, what): n for trader, model, what, n in kept.calls})
        self.orders.take(kept.orders)
        self.standing.take(kept.standing)

    def load_first(self, data: bytes) -> None:
        """Take over what `dump` of version 1 has returned: it knew neither calls nor orders.

        Raises:
            msgspec.MsgspecError: it is something else; nothing has changed then.
        """
        self._take(msgspec.json.decode(data, type=_FirstDump))

    def _take(self, kept: _FirstDump) -> None:
        self.seq, self.cost = kept.seq, kept.cost
        self.cycles = Counter({(trader, status): n for trader, status, n in kept.cycles})
        self.tokens, self.fills = Counter(kept.tokens), Counter(kept.fills)
        self.alerts = Counter(kept.alerts)

    def _spend(self, trader: str, usage: Usage, calls: Iterable[ModelCall]) -> None:
        for call in calls:
            self.calls[trader, call.model, call.outcome] += 1
        self.tokens[trader] += usage.tokens
        self.cost[trader] = EXACT.add(self.cost.get(trader, ZERO), usage.cost_usd)
