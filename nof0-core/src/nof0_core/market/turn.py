"""One at a time."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import anyio


class Turn(AbstractAsyncContextManager[None]):
    """Lets one in, in an `async with` statement; the others wait until it is out.

    As `anyio.Lock`, which costs several times as much where nobody waits. Who of several is next,
    it does not say.
    """

    __slots__ = ("_free", "_is_taken")

    def __init__(self) -> None:
        self._is_taken = False
        self._free: anyio.Event | None = None

    async def __aenter__(self) -> None:
        while self._is_taken:
            if self._free is None:
                self._free = anyio.Event()
            await self._free.wait()
        self._is_taken = True

    async def __aexit__(self, *_: object) -> None:
        self._is_taken = False
        if self._free is not None:
            self._free.set()
            self._free = None
