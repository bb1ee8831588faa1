"""Telling whether a call holds up everybody else, on a fast machine and on a slow one.

What is counted are the ticks of a thread of its own between two turns of the loop, not seconds: a
machine that stands still for a while stands still for that thread, too.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

import anyio

from nof0_core.clock import pause

T = TypeVar("T")

TICK = 0.05
"""Seconds a tick takes, where the machine has time."""
BLOCKED = 20
"""So many ticks in a row without a turn, about a second, are too many."""


class Heartbeat:
    """Counts ticks until somebody beats; `longest` is the most there were in a row."""

    def __init__(self) -> None:
        self.longest = 0
        self._missed = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._count, name="heartbeat", daemon=True)

    def beat(self) -> None:
        """Say that there was a turn."""
        self._missed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop counting."""
        self._is_over.set()
        self._thread.join()

    def _count(self) -> None:
        while not self._is_over.wait(TICK):
            self._missed += 1
            self.longest = max(self.longest, self._missed)


async def unblocked(what: str, call: Callable[[], Awaitable[T]]) -> T:
    """Await a call, and see to it that others on the loop have their turns meanwhile.

    Raises:
        AssertionError: they had none for about a second.
    """
    with Heartbeat() as heart:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_beat, heart)
            answer = await call()
            tasks.cancel_scope.cancel()
    assert heart.longest < BLOCKED, (
        f"{what} blocked the event loop for about {heart.longest * TICK:.1f} s: await what takes "
        "long, or do it in a thread"
    )
    return answer


def quick(what: str, call: Callable[[], T]) -> T:
    """Make a call that nobody can wait for beside, and see to it that it is over soon.

    Raises:
        AssertionError: it took about a second.
    """
    with Heartbeat() as heart:
        answer = call()
    assert heart.longest < BLOCKED, (
        f"{what} took about {heart.longest * TICK:.1f} s, in which nobody can do anything else"
    )
    return answer


async def _beat(heart: Heartbeat) -> None:
    while True:
        heart.beat()
        await pause(TICK)
