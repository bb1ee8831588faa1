"""Ending a run in which a call hangs, where no clock would ever say so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from nof0_core.clock import pause, stopwatch
from nof0_core.errors import TransientError

LOOKS_APART = 1.0
"""How often is looked whether a call hangs, in seconds of real time."""


class CallOwner(Protocol):
    """Whoever asks a provider."""

    def overdue(self, now_monotonic: float, /) -> str:
        """Name a call that hangs at a time of `stopwatch`, with its section; empty if none does."""


async def watch_calls(owners: Iterable[CallOwner], *, every: float = LOOKS_APART) -> None:
    """Look after calls until cancelled.

    On a lockstep clock nothing has a time limit, for no result may depend on the machine's speed.

    Raises:
        TransientError: a call hangs; the run has to end, and nothing of it is in the journal.
    """
    watched = tuple(owners)
    while True:
        await pause(every)
        now = stopwatch()
        for owner in watched:
            hanging = owner.overdue(now)
            if hanging:
                raise TransientError(hanging)
