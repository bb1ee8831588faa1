"""How fast one may go on: messages a minute, and how long to wait before trying again."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import anyio

from nof0_core.clock import Clock

T = TypeVar("T")

MINUTE = timedelta(minutes=1)
MESSAGES = 1_500
"""Sent in a minute; the venue takes 2,000 of an address."""
SHORTEST, LONGEST = 1.0, 60.0
"""Seconds: upper bounds of the first and of the longest wait."""


class MessagePace:
    """Lets at most so many messages through in any minute of the clock."""

    def __init__(self, clock: Clock, most: int = MESSAGES) -> None:
        """Begin with none sent."""
        self._clock = clock
        self._most = most
        self._sent: deque[datetime] = deque()

    async def ready(self) -> None:
        """Wait until one more may be sent."""
        while True:
            now = self._clock.now()
            while self._sent and not now - MINUTE < self._sent[0] <= now:
                self._sent.popleft()  # a minute ago, or the clock was set back since
            if len(self._sent) < self._most:
                return
            await self._clock.sleep_until(self._sent[0] + MINUTE)

    def count(self) -> None:
        """Count one that is sent now."""
        self._sent.append(self._clock.now())


def backoff(tries: int, rng: random.Random) -> timedelta:
    """Return how long to wait after so many failures in a row: full jitter, doubled each time."""
    return timedelta(seconds=rng.uniform(0.0, min(LONGEST, SHORTEST * 2.0 ** min(tries, 10))))


async def within(clock: Clock, limit: timedelta, do: Callable[[], Awaitable[T]]) -> T:
    """Do something in limited time of a clock.

    Raises:
        TimeoutError: it took longer.
    """
    found: list[T] = []
    failed: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await clock.sleep_until(clock.now() + limit)
            tasks.cancel_scope.cancel()

        tasks.start_soon(give_up)
        try:
            found.append(await do())
        except Exception as error:  # noqa: BLE001 - raised below, outside of the group
            failed.append(error)
        tasks.cancel_scope.cancel()
    if failed:
        raise failed[0]
    if not found:
        message = f"no answer within {limit.total_seconds():g} s"
        raise TimeoutError(message)
    return found[0]
