"""What the `prometheus` exporter counts."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import msgspec

from nof0_core.domain.event import Alerted, CallsLost, CycleEnded, Event, Filled
from nof0_core.domain.model import Usage
from nof0_core.money import EXACT, ZERO


class _Dump(msgspec.Struct):
    seq: int
    cycles: list[tuple[str, str, int]]
    tokens: dict[str, int]
    cost: dict[str, Decimal]
    fills: dict[str, int]
    alerts: dict[str, int]


class EventCounts:
    """Counts events; `seq` is the number of the newest.

    `cycles` are by trader and status, `tokens`, `cost` (USD) and `fills` by trader, `alerts` by
    code.
    """

    name = "counts"
    version = 1

    def __init__(self) -> None:
        self.seq = 0
        self.cycles: Counter[tuple[str, str]] = Counter()
        self.tokens: Counter[str] = Counter()
        self.cost: dict[str, Decimal] = {}
        self.fills: Counter[str] = Counter()
        self.alerts: Counter[str] = Counter()

    def apply(self, event: Event) -> None:
        """Take in one event."""
        match event.body:
            case CycleEnded(trader=trader, status=status, usage=usage):
                self.cycles[trader, status] += 1
                self._spend(trader, usage)
            case CallsLost(trader=trader, usage=usage):
                self._spend(trader, usage)
            case Filled(trader=trader):
                self.fills[trader] += 1
            case Alerted(code=code):
                self.alerts[code] += 1
        self.seq = event.seq

    def dump(self) -> bytes:
        """Return all that is remembered."""
        cycles = [(trader, status, count) for (trader, status), count in self.cycles.items()]
        return msgspec.json.encode(
            _Dump(self.seq, cycles, self.tokens, self.cost, self.fills, self.alerts)
        )

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned.

        Raises:
            msgspec.MsgspecError: it is something else; nothing has changed then.
        """
        kept = msgspec.json.decode(data, type=_Dump)
        self.seq, self.cost = kept.seq, kept.cost
        self.cycles = Counter({(trader, status): n for trader, status, n in kept.cycles})
        self.tokens, self.fills = Counter(kept.tokens), Counter(kept.fills)
        self.alerts = Counter(kept.alerts)

    def _spend(self, trader: str, usage: Usage) -> None:
        self.tokens[trader] += usage.tokens
        self.cost[trader] = EXACT.add(self.cost.get(trader, ZERO), usage.cost_usd)
