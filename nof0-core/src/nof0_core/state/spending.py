"""What calls to models took on the day of the newest ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import ClassVar

import attrs
import msgspec

from nof0_core.domain.body import Body
from nof0_core.domain.event import CallsLost, CycleEnded, Decided, Event
from nof0_core.domain.model import Usage
from nof0_core.ids import TraderId
from nof0_core.state.changes import Change
from nof0_core.state.projection import Handler


@attrs.frozen(kw_only=True)
class Spent:
    """What calls of a trader to one model took together.

    `is_lost` tells of calls that no cycle has recorded: nobody was warned of them yet.
    """

    trader: TraderId
    model: str
    usage: Usage
    is_lost: bool


class _Dump(msgspec.Struct):
    day: date
    spent: list[Spent]
    newest: dict[TraderId, int]


class Spending:
    """What was spent, in the order it came, as far as it makes a difference.

    `day` (UTC) is that of the newest record with calls; what earlier days took is forgotten, for a
    clock never goes back to one. `newest` has the number of each trader's newest record of a cycle.
    """

    name: ClassVar[str] = "spending"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.day = date.min
        self.newest: dict[TraderId, int] = {}
        self._parts: list[dict[tuple[TraderId, str], Usage]] = []
        """In turns: recorded by cycles, lost, recorded, …"""

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""
        return {Decided: self._called, CycleEnded: self._cycle_ended, CallsLost: self._called}

    def spent(self) -> Iterator[Spent]:
        """Yield what was spent on `day`."""
        for turn, part in enumerate(self._parts):
            for (trader, model), usage in part.items():
                yield Spent(trader=trader, model=model, usage=usage, is_lost=bool(turn % 2))

    def dump(self) -> bytes:
        """Return all of it."""
        return msgspec.json.encode(_Dump(self.day, list(self.spent()), self.newest))

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        found = msgspec.json.decode(data, type=_Dump)
        self.day, self.newest = found.day, found.newest
        for each in found.spent:
            self._add(each.trader, each.model, each.usage, is_lost=each.is_lost)

    def _cycle_ended(self, event: Event, body: CycleEnded) -> Change:
        if body.decided is not None:
            # Its calls were counted with the decision.
            return lambda: self.newest.update({body.trader: event.seq})
        return self._called(event, body)

    def _called(self, event: Event, body: Decided | CycleEnded | CallsLost) -> Change:
        day, is_lost = event.time.date(), isinstance(body, CallsLost)

        def change() -> None:
            self.newest[body.trader] = event.seq
            if not body.calls:
                return
            if day != self.day:
                self.day, self._parts = day, []
            if isinstance(body, CallsLost) and body.began.date() < day:
                return
            for call in body.calls:
                self._add(body.trader, call.model, call.usage, is_lost=is_lost)

        return change

    def _add(self, trader: TraderId, model: str, usage: Usage, *, is_lost: bool) -> None:
        while not self._parts or is_lost != bool((len(self._parts) - 1) % 2):
            self._parts.append({})
        part = self._parts[-1]
        part[trader, model] = part.get((trader, model), Usage()) + usage
