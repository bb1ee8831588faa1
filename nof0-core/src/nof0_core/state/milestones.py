"""When the engine began, what it did last, and how capital was shared out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from nof0_core.domain.body import Body
from nof0_core.domain.event import EngineStarted, Event, Rebalanced
from nof0_core.state.changes import Change
from nof0_core.state.projection import Handler


class _Dump(msgspec.Struct):
    newest: datetime | None
    inception: datetime | None
    rebalances: list[tuple[datetime, Rebalanced]]


class Milestones:
    """Facts of a whole journal that concern no single account.

    `newest` is the time of the newest event, `inception` when the engine first started on it (UTC),
    `rebalances` are all with their times, oldest first.
    """

    name: ClassVar[str] = "milestones"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self.newest: datetime | None = None
        self.inception: datetime | None = None
        self.rebalances: list[tuple[datetime, Rebalanced]] = []

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""
        return {EngineStarted: self._engine_started, Rebalanced: self._rebalanced}

    def dump(self) -> bytes:
        """Return all of it."""
        return msgspec.json.encode(_Dump(self.newest, self.inception, self.rebalances))

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        found = msgspec.json.decode(data, type=_Dump)
        self.newest, self.inception = found.newest, found.inception
        self.rebalances = found.rebalances

    def _engine_started(self, event: Event, body: EngineStarted) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            self.inception = self.inception or event.time

        return change

    def _rebalanced(self, event: Event, body: Rebalanced) -> Change:
        return lambda: self.rebalances.append((event.time, body))
