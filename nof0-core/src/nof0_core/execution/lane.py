"""A lane to the venue: one call at a time, what is urgent first."""

from __future__ import annotations

from collections import deque
from contextlib import AbstractAsyncContextManager
from enum import IntEnum

import anyio


class Urgency(IntEnum):
    """Who goes first where several wait for the same lane."""

    CLOSE = 0
    STOP = 1
    CANCEL = 2
    ENTRY = 3


class _Turn(AbstractAsyncContextManager[None]):
    """The lane, held by one task: a generator would cost several times as much."""

    __slots__ = ("_lane", "_urgency")

    def __init__(self, lane: Lane, urgency: Urgency) -> None:
        self._lane, self._urgency = lane, urgency

    async def __aenter__(self) -> None:
        await self._lane.take(self._urgency)

    async def __aexit__(self, *_: object) -> None:
        self._lane.pass_on()


class Lane:
    """Lets one task through at a time; those that wait are served by urgency, then in order.

    A free lane is entered without suspension, so where nothing waits nobody else gets a turn.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._queues: tuple[deque[anyio.Event], ...] = tuple(deque() for _ in Urgency)

    def turn(self, urgency: Urgency) -> AbstractAsyncContextManager[None]:
        """Hold the lane. Waiting for it can be cancelled."""
        return _Turn(self, urgency)

    async def take(self, urgency: Urgency) -> None:
        """Wait for the lane and take it; `pass_on` gives it back, whatever happens."""
        if self._is_taken:
            await self._wait(self._queues[urgency])
        self._is_taken = True

    async def _wait(self, queue: deque[anyio.Event]) -> None:
        mine = anyio.Event()
        queue.append(mine)
        try:
            await mine.wait()
        except BaseException:
            if mine.is_set():
                # It was given the lane and cannot use it.
                self.pass_on()
            else:
                queue.remove(mine)
            raise

    def pass_on(self) -> None:
        """Hand the lane to the next in turn; it stays taken meanwhile."""
        for queue in self._queues:
            if queue:
                queue.popleft().set()
                return
        self._is_taken = False
