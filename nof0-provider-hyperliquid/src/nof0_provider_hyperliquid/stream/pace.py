"""How long to wait: for an answer, and before trying again."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import anyio

from nof0_core.clock import Clock

T = TypeVar("T")

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds: upper bounds of the first and of the longest wait."""


def backoff(tries: int, rng: random.Random) -> timedelta:
    """Return how long to wait after so many failures in a row: full jitter, doubled each time."""
    return timedelta(seconds=rng.uniform(0.0, min(LONGEST, SHORTEST * 2.0 ** min(tries, 10))))


async def within(clock: Clock, limit: timedelta, do: Callable[[], Awaitable[T]]) -> T:
    """Do something in limited time of a clock.

    Raises:
        TimeoutError: it took longer.
    """
    deadline = clock.now() + limit
    found: list[T] = []
    failed: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def give_up() -> None:
            await clock.sleep_until(deadline)
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
