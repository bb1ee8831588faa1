"""Noticing that the event loop stands still, and who keeps it.

Trading, stops included, stands still with it: a plugin that computes or waits without `await`
keeps all others. `manager.watchdog` looks from inside the loop after single calls that do not
answer, and ends a lockstep run because of one; this looks from a thread at the loop as a whole, and
only tells.
"""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import anyio

from nof0_core.clock import pause, stopwatch
from nof0_core.domain.measured import LoopBlocks
from nof0_core.plugins.catalog import LoadedPlugin
from nof0_core.plugins.env import Logger

BLOCKED = 1.0
"""A loop that has not turned for so many seconds of real time is blocked."""
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib")})
_OURS = str(Path(__file__).parents[1])


class LoopWatch:
    """Watches the loop it is entered in, from a thread of its own.

    Each culprit is named once, in the log; all blocks are counted. A process that was stopped as a
    whole has blocked nothing.
    """

    def __init__(
        self, *, log: Logger, plugins: Sequence[LoadedPlugin], after: float = BLOCKED
    ) -> None:
        self._log = log
        self._plugins = plugins
        self._after = after
        self._beat = stopwatch()
        self._count, self._longest = 0, 0.0
        self._is_blocked = False
        self._named: set[str] = set()
        self._over = threading.Event()

    @property
    def blocks(self) -> LoopBlocks:
        """Return what was seen so far."""
        return LoopBlocks(count=self._count, longest=self._longest)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch while what is inside goes on."""
        watched = threading.get_ident()
        thread = threading.Thread(
            target=self._look, args=(watched,), name="nof0 loop watch", daemon=True
        )
        self._beat = stopwatch()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tick)
            thread.start()
            try:
                yield
            finally:
                self._over.set()
                tasks.cancel_scope.cancel()

    async def _tick(self) -> None:
        while True:
            await pause(self._after / 4)
            self._beat = stopwatch()

    def _look(self, watched: int) -> None:
        step, last = self._after / 4, stopwatch()
        while not self._over.wait(step):
            now = stopwatch()
            if now - last > step + self._after:
                # This thread stood still as well: the machine or the process did, not the loop.
                self._beat = last = now
                continue
            last = now
            took = now - self._beat
            if took < self._after:
                self._is_blocked = False
                continue
            if not self._is_blocked:
                self._is_blocked = True
                self._count += 1
                self._name(watched)
            self._longest = max(self._longest, took)

    def _name(self, watched: int) -> None:
        frame = sys._current_frames().get(watched)  # noqa: SLF001 - made for this
        who = culprit(frame, self._plugins)
        if who in self._named:
            return
        self._named.add(who)
        self._log.warning(
            f"the event loop stands still for {self._after:g} s and longer, and all trading with "
            "it: what takes long belongs into a thread",
            culprit=who,
        )


def culprit(frame: FrameType | None, plugins: Sequence[LoadedPlugin]) -> str:
    """Say whose code a stack is in, innermost first: plugin, file and line.

    Code of a plugin comes before whatever it has called; without one it is the innermost code
    that is no library's.
    """
    own = ""
    while frame is not None:
        module, file = frame.f_globals.get("__name__") or "", frame.f_code.co_filename
        place = f"{Path(file).name}:{frame.f_lineno}"
        for plugin in plugins:
            if not plugin.is_builtin and _is_of(plugin, module, file):
                return f"{plugin.distribution} ({module}, {place})"
        if not own and not file.startswith(("<", *_LIBRARIES)):
            own = f"{'nof0-core' if file.startswith(_OURS) else module} ({module}, {place})"
        frame = frame.f_back
    return own or "unknown"


def _is_of(plugin: LoadedPlugin, module: str, file: str) -> bool:
    if plugin.is_file:
        return Path(file).name == Path(plugin.module).name and file.endswith(
            plugin.module.removeprefix("./")
        )
    return module.partition(".")[0] == plugin.module.partition(".")[0]
