"""A journal in memory, on a disk that takes its time."""

from __future__ import annotations

import hashlib
import random

from world.loop import nap

from nof0_core.domain.event import Event


class Memory:
    """Numbers events and keeps them. Now and then the disk takes seconds to confirm."""

    def __init__(self, rng: random.Random) -> None:
        self.events: list[Event] = []
        self.rng = rng

    @property
    def last_seq(self) -> int:
        return len(self.events)

    def append(self, time, stream, body, *, took=0.0):
        event = Event(seq=len(self.events) + 1, time=time, stream=stream, body=body)
        self.events.append(event)
        return event

    def flush(self):
        """Nothing is held back."""

    def sync(self):
        """Nothing is held back."""

    async def sync_beside(self):
        await nap(self.rng.choice((0.001, 0.001, 0.01, 0.01, 0.01, 2.0)))

    def digest(self) -> str:
        """Return one word for all that was recorded."""
        text = "\n".join(repr(event) for event in self.events)
        return hashlib.sha256(text.encode()).hexdigest()
