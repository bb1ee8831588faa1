"""A process in the simulated world: it ends, or is killed and nothing of it runs again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

from world.loop import PROCESS, running


class Process:
    """Whatever `function` starts, and what that starts, until it ends or is killed.

    `was_killed` tells which of the two it was.
    """

    def __init__(self, function: Callable[[], Awaitable[Any]]) -> None:
        self.was_killed = False
        self._function = function
        self._loop = running()
        self._over = self._loop.create_future()
        self._outside = copy_context()

    async def run(self) -> None:
        """Run it to its end. Who is cancelled meanwhile kills it.

        Raises:
            Exception: what it ended with.
        """
        inside = copy_context()
        inside.run(PROCESS.set, self)
        task = self._loop.create_task(self._function(), context=inside)
        # Its end is heard outside: a handle of its own context would die with it.
        task.add_done_callback(self._end, context=self._outside)
        try:
            await self._over
        except BaseException:
            self._kill()
            raise
        if not self.was_killed:
            task.result()

    def kill(self) -> None:
        """Let nothing of it run again, from the next turn of the loop on; nothing is cleaned up."""
        self._loop.call_soon(self._kill, context=self._outside)

    def _kill(self) -> None:
        if not self._over.done() or self._over.cancelled():
            self.was_killed = True
            self._loop.bury(self)
            self._end(None)

    def _end(self, _: Any) -> None:
        if not self._over.done():
            self._over.set_result(None)
