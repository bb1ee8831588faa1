"""An event log in memory, on a disk that has only so much room."""

from __future__ import annotations

import math
from collections.abc import Sequence

import anyio.lowlevel

from nof0_core.domain.event import Event
from nof0_core.errors import JournalFullError


class MemoryLog:
    """Numbers events and keeps them.

    The operating system has the first `written` of them, the disk the first `durable`; `room` is
    how many more it takes.
    """

    def __init__(self, events: Sequence[Event] = (), *, room: float = math.inf) -> None:
        self.events: list[Event] = list(events)
        self.written = self.durable = len(self.events)
        self.room = room

    @property
    def last_seq(self):
        return len(self.events)

    def append(self, time, stream, body, *, took=0.0):
        event = Event(seq=len(self.events) + 1, time=time, stream=stream, body=body)
        self.events.append(event)
        return event

    def flush(self):
        taken = min(len(self.events) - self.written, self.room)
        self.written += taken
        self.room -= taken
        if self.written < len(self.events):
            message = "no room in memory"
            raise JournalFullError(message)

    def sync(self):
        self.flush()
        self.durable = self.written

    async def sync_beside(self):
        self.flush()
        newest = self.written
        await anyio.lowlevel.checkpoint()
        self.durable = max(self.durable, newest)

    def read(self, after=0, *, streams=None, types=None):
        return (
            event
            for event in self.events[after : self.written]
            if (streams is None or event.stream in streams)
            and (types is None or event.body.type in types)
        )
