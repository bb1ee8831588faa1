"""Whether somebody wants a task to end, and work that nobody has to wait for."""

from __future__ import annotations

import asyncio  # noqa: TID251 - nobody else knows whether a cancellation was asked for
import math
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

import anyio

T = TypeVar("T")


def is_cancelled() -> bool:
    """Tell whether somebody cancelled this task, rather than a library that broke off by itself.

    Where no event loop runs, nobody can have.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    is_asked = task is not None and task.cancelling() > 0
    return is_asked or anyio.current_effective_deadline() == -math.inf


def is_cancellation(error: BaseException) -> bool:
    """Tell whether an exception is what ends a task; also where no event loop runs."""
    return isinstance(error, asyncio.CancelledError)


class Apart(Generic[T]):
    """Foreign work in a task of its own, which can be left behind.

    It begins at once. Unlike the tasks of a group it keeps nobody from ending: what neither answers
    nor lets itself be cancelled is abandoned. `done` is set when it has ended, however it did;
    `error` is what it raised then, also `SystemExit` and a cancellation nobody here asked for.
    """

    answer: T

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self.done = anyio.Event()
        self.error: BaseException | None = None
        self._is_broken_off = False
        self._task = asyncio.get_running_loop().create_task(self._run(work))
        # Also where it is cancelled before it has begun.
        self._task.add_done_callback(lambda _: self.done.set())

    async def is_done(self, within: float) -> bool:
        """Wait until it has ended, at most so long (real seconds); tell whether it has."""
        with anyio.move_on_after(within):
            await self.done.wait()
        return self.done.is_set()

    async def break_off(self, within: float) -> bool:
        """Cancel it, also where it has shielded itself, and once more; tell whether it has ended.

        Each of the two may take so long (real seconds). Whoever is cancelled meanwhile waits, too.
        """
        self._is_broken_off = True
        with anyio.CancelScope(shield=True):
            for _ in range(2):
                # A scope would do it in every turn of the loop, for ever where it does not help.
                self._task.cancel()
                if await self.is_done(within):
                    return True
        return False

    async def _run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        try:
            self.answer = await work()
        except asyncio.CancelledError as cancelled:
            if not self._is_broken_off:
                self.error = cancelled
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - whoever waits for it judges it
            self.error = error


def has_event_loop() -> bool:
    """Tell whether an event loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
