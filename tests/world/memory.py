"""A journal in memory, on a disk that takes its time, and whose end a crash may take."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence

from memory_log import MemoryLog
from world.loop import nap

from nof0_core.domain.event import Event


class Memory(MemoryLog):
    """Numbers events and keeps them. Now and then the disk takes seconds to confirm.

    What is `durable` no crash can take; what the operating system has goes with a loss of power.
    `on_step` hears of each record, and of each question to the disk and its answer.
    """

    def __init__(
        self,
        rng: random.Random,
        on_step: Callable[[str], None] = lambda _: None,
        events: Sequence[Event] = (),
    ) -> None:
        super().__init__(events)
        self.rng, self.on_step = rng, on_step

    def after_crash(self, kept: int) -> Memory:
        """Return what a new process finds: what was durable, and of the rest the first `kept`."""
        return Memory(self.rng, self.on_step, self.events[: self.durable + kept])

    @property
    def at_risk(self) -> int:
        """Return how many of the newest records a crash may take."""
        return len(self.events) - self.durable

    def append(self, time, stream, body, *, took=0.0):
        event = super().append(time, stream, body, took=took)
        self.on_step(type(body).__name__)
        return event

    async def sync_beside(self):
        self.flush()
        newest = self.written
        self.on_step("disk asked")
        await nap(self.rng.choice((0.001, 0.001, 0.01, 0.01, 0.01, 2.0)))
        self.durable = max(self.durable, newest)
        self.on_step("disk confirmed")

    def digest(self) -> str:
        """Return one word for all that was recorded."""
        text = "\n".join(repr(event) for event in self.events)
        return hashlib.sha256(text.encode()).hexdigest()
