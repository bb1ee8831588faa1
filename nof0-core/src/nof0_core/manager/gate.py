"""Decisions on one side, changes of what they go by on the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio


class _Cycle(AbstractAsyncContextManager[None]):
    """Being in a cycle: a generator would cost several times as much."""

    __slots__ = ("_gate",)

    def __init__(self, gate: CycleGate) -> None:
        self._gate = gate

    async def __aenter__(self) -> None:
        await self._gate.enter()

    async def __aexit__(self, *_: object) -> None:
        self._gate.leave()


class CycleGate:
    """Lets cycles pass, any number at a time, or one change while none is under way.

    A change waits for the cycles that have begun; those that come meanwhile wait for the change, so
    that it comes about however many traders there are. While nobody wants a change, nobody waits.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._closed: anyio.Event | None = None
        self._empty: anyio.Event | None = None

    def cycle(self) -> AbstractAsyncContextManager[None]:
        """Be in a cycle; waits while a change is to be made."""
        return _Cycle(self)

    async def enter(self) -> None:
        """Begin a cycle as soon as no change is to be made; `leave` ends it."""
        while self._closed is not None:
            await self._closed.wait()
        self._inside += 1

    def leave(self) -> None:
        """End a cycle."""
        self._inside -= 1
        if not self._inside and self._empty is not None:
            self._empty.set()

    @asynccontextmanager
    async def change(self) -> AsyncIterator[None]:
        """Be where no cycle is under way and none begins; one change at a time."""
        while self._closed is not None:
            await self._closed.wait()
        closed = self._closed = anyio.Event()
        try:
            while self._inside:
                self._empty = anyio.Event()
                await self._empty.wait()
            yield
        finally:
            self._empty = None
            self._closed = None
            closed.set()
