"""What an engine says of itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import attrs


class EngineState(StrEnum):
    """What an engine does.

    HALTED: it runs, and nobody may open a position. STOPPING: it was asked to end. ENDED and FAILED
    are last words.
    """

    RUNNING = "running"
    HALTED = "halted"
    STOPPING = "stopping"
    ENDED = "ended"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will be heard of it."""
        return self in (EngineState.ENDED, EngineState.FAILED)


@attrs.frozen(kw_only=True)
class EngineStatus:
    """The state of an engine, why (empty where there is nothing to say), and since when.

    `since` is engine time, `heartbeat` real time (both UTC): when this was said. `every` is the
    real time until it will be said again. `clock` is the word of the clock, `speed` its factor
    where it has one. `notes` have to be known beside the results, such as answers to other prompts.
    """

    state: EngineState
    reason: str = ""
    since: datetime
    clock: str
    speed: float | None = None
    heartbeat: datetime
    every: timedelta
    notes: tuple[str, ...] = ()
