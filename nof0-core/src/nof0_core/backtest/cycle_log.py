"""What was decided in a run, kept so that two runs can be compared."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import attrs
import msgspec

from nof0_core.domain.cycle_event import CycleEnded, CyclesHeld
from nof0_core.domain.event import Alerted, Event, Transferred
from nof0_core.domain.mappings import unwrapped
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.ids import TraderId
from nof0_core.state.brakes import next_midnight

_PARTS = ("what was seen of the market", "the prompt", "the answer", "what was decided", "orders")
_LENGTH = 8
_encode = msgspec.json.Encoder(enc_hook=unwrapped).encode
_INSTANT = timedelta(microseconds=1)


@attrs.frozen
class CycleMark:
    """One cycle: who, when (UTC), and digests of its parts, one after the other."""

    trader: TraderId
    time: datetime
    parts: bytes

    def differing(self, other: CycleMark) -> str:
        """Name the first part in which two marks of one cycle differ."""
        for number, name in enumerate(_PARTS):
            at = slice(number * _LENGTH, (number + 1) * _LENGTH)
            if self.parts[at] != other.parts[at]:
                return name
        return "who decided when"


class CycleLog:
    """Listens to a run: the marks of all cycles in their order, and counts.

    `transfers` are the movements of capital, each when it was (UTC) and what it was. `KINDS` are
    the events it wants.
    """

    KINDS: ClassVar = (Alerted, CycleEnded, CyclesHeld, Transferred)

    def __init__(self) -> None:
        self.marks: list[CycleMark] = []
        self.transfers: list[tuple[datetime, str]] = []
        self.held: list[datetime] = []
        """When the last cycle of each stretch was in which a rule held, and of each day in it."""
        self.statuses: Counter[CycleStatus] = Counter()
        self.alerts: Counter[str] = Counter()
        self.inference_usd: dict[TraderId, Decimal] = {}

    def notice(self, event: Event) -> None:
        """Take in one event."""
        body = event.body
        if not isinstance(body, CycleEnded):
            if isinstance(body, Alerted):
                self.alerts[body.code] += 1
            elif isinstance(body, Transferred):
                self.transfers.append((event.time, repr(body)))
            elif isinstance(body, CyclesHeld):
                self.statuses[CycleStatus.OK] += body.count
                self.held += _ends_of_days(body)
            return
        self.statuses[body.status] += 1
        if body.usage.cost_usd:
            spent = self.inference_usd.get(body.trader, Decimal(0))
            self.inference_usd[body.trader] = spent + body.usage.cost_usd
        parts = (
            body.market,
            body.prompt_digest,
            body.answer,
            (body.status, body.judgements),
            [(order.purpose, order.symbol, order.request, order.reason) for order in body.orders],
        )
        marks = b"".join(
            [hashlib.blake2b(_encode(part), digest_size=_LENGTH).digest() for part in parts]
        )
        self.marks.append(CycleMark(body.trader, event.time, marks))

    @property
    def cycles(self) -> int:
        """Return how many cycles there were, held ones included."""
        return sum(self.statuses.values())

    def until(self, moment: datetime) -> list[CycleMark]:
        """Return the marks of the cycles up to and including a moment."""
        return [mark for mark in self.marks if mark.time <= moment]

    def digest(self) -> str:
        """Return the SHA-256 (hex) of all marks."""
        found = hashlib.sha256()
        for mark in self.marks:
            found.update(f"{mark.trader} {mark.time.isoformat()}\n".encode() + mark.parts)
        return found.hexdigest()


def _ends_of_days(stretch: CyclesHeld) -> Iterator[datetime]:
    """Yield when the last cycle of each day of a stretch was."""
    if stretch.count > 1:
        step = (stretch.last - stretch.first) / (stretch.count - 1)
        midnight = next_midnight(stretch.first)
        while midnight <= stretch.last:
            yield stretch.first + (midnight - stretch.first - _INSTANT) // step * step
            midnight += timedelta(days=1)
    yield stretch.last
