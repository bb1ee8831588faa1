"""What the status needs of the past: failed cycles by reason, and the newest alerts."""

from __future__ import annotations

from collections import Counter, deque

import msgspec

from nof0_core.documents.wire import Json, seconds
from nof0_core.domain.event import Alerted, CycleEnded, Event
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.ids import TraderId

ALERTS = 100
"""Alerts that are shown; older ones are in the journal."""


class KeptStatusLog(msgspec.Struct):
    """A `StatusLog`, written down."""

    failed: dict[TraderId, dict[str, int]]
    alerts: list[Json]


class StatusLog:
    """The fold. `alerts` are rows of `status.json`, newest first."""

    def __init__(self) -> None:
        self._failed: dict[TraderId, Counter[str]] = {}
        self._alerts: deque[Json] = deque(maxlen=ALERTS)

    @property
    def alerts(self) -> list[Json]:
        """Return the newest alerts, newest first; `time` in seconds."""
        return list(self._alerts)

    def failed(self, trader: TraderId) -> dict[str, int]:
        """Return how often a trader's cycles failed, by reason, sorted by its word."""
        return dict(sorted(self._failed.get(trader, {}).items()))

    def apply(self, event: Event) -> None:
        """Take in one event."""
        match event.body:
            case CycleEnded(trader=trader, status=status):
                if status != CycleStatus.OK:
                    self._failed.setdefault(trader, Counter())[str(status)] += 1
            case Alerted() as alert:
                self._alerts.appendleft(
                    {
                        "seq": event.seq,
                        "time": seconds(event.time),
                        "code": alert.code,
                        "message": alert.message,
                        "trader": alert.trader,
                        "symbol": alert.symbol,
                    }
                )

    def keep(self) -> KeptStatusLog:
        """Return all of it in what can be written down."""
        failed = {trader: dict(counts) for trader, counts in self._failed.items()}
        return KeptStatusLog(failed, self.alerts)

    def take(self, kept: KeptStatusLog) -> None:
        """Take over what `keep` has returned, into a new one."""
        self._failed = {trader: Counter(counts) for trader, counts in kept.failed.items()}
        self._alerts.extend(kept.alerts)
