"""A lane to the venue: one call at a time, what is urgent first."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


class Lane:
    """Lets one task through at a time; those that wait are served in order, urgent ones first.

    A free lane is entered without suspension, so where nothing waits nobody else gets a turn.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._urgent: deque[anyio.Event] = deque()
        self._waiting: deque[anyio.Event] = deque()

    @asynccontextmanager
    async def turn(self, *, is_urgent: bool = False) -> AsyncIterator[None]:
        """Hold the lane. Waiting for it can be cancelled."""
        if self._is_taken:
            await self._wait(self._urgent if is_urgent else self._waiting)
        self._is_taken = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, queue: deque[anyio.Event]) -> None:
        mine = anyio.Event()
        queue.append(mine)
        try:
            await mine.wait()
        except BaseException:
            if mine.is_set():
                # It was given the lane and cannot use it.
                self._pass_on()
            else:
                queue.remove(mine)
            raise

    def _pass_on(self) -> None:
        """Hand the lane to the next in turn; it stays taken meanwhile."""
        for queue in (self._urgent, self._waiting):
            if queue:
                queue.popleft().set()
                return
        self._is_taken = False
