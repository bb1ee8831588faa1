"""What people asked for and was answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from nof0_core.domain.body import Body
from nof0_core.domain.event import ControlAnswered, Event
from nof0_core.state.changes import Change
from nof0_core.state.projection import Handler


class Controls:
    """The requests that were answered: none is carried out twice."""

    name: ClassVar[str] = "controls"
    version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._answered: set[str] = set()

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""
        return {ControlAnswered: self._control_answered}

    def is_answered(self, request: str) -> bool:
        """Tell whether a person's request was answered already."""
        return request in self._answered

    def dump(self) -> bytes:
        """Return the names of all answered requests."""
        return msgspec.json.encode(sorted(self._answered))

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        self._answered = msgspec.json.decode(data, type=set[str])

    def _control_answered(self, event: Event, body: ControlAnswered) -> Change:  # noqa: ARG002 - a handler
        return lambda: self._answered.add(body.request)
