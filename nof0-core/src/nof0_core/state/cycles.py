"""Decisions whose cycles have not ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from nof0_core.domain.body import Body
from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import Decided, Event
from nof0_core.domain.mappings import unwrapped
from nof0_core.ids import TraderId
from nof0_core.state.projection import Handler


class _Open(msgspec.Struct):
    seq: int
    time: datetime
    stream: TraderId
    body: Decided


class Cycles:
    """The newest `Decided` of each trader until its cycle has ended."""

    name: ClassVar[str] = "cycles"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._joiner = CycleJoiner()

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return none: it is given events as they were recorded, with `take`."""
        return {}

    def take(self, event: Event) -> None:
        """Go on behind an event, as it was recorded."""
        self._joiner.take(event)

    @property
    def open(self) -> tuple[Event, ...]:
        """Return the decisions whose cycles have not ended, oldest first."""
        return self._joiner.open

    @property
    def whole(self) -> Callable[[Event], Event]:
        """Return what makes one record of the two of a cycle that ordered."""
        return self._joiner.peek

    def dump(self) -> bytes:
        """Return the open decisions."""
        found = [_Open(e.seq, e.time, e.stream, e.body) for e in self.open]  # type: ignore[arg-type]  # they are all `Decided`
        return msgspec.json.encode(found, enc_hook=unwrapped)

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        for each in msgspec.json.decode(data, type=list[_Open]):
            self.take(Event(seq=each.seq, time=each.time, stream=each.stream, body=each.body))
