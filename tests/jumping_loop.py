"""An event loop that skips waiting: sockets and threads are real, timers are not.

When nothing is ready, no thread works and a timer is set, the loop's time jumps to it. So a day of
retries takes as long as what is done in them. Where work is to take no time at all, however slow
the machine is, the loop's time stands still but for these jumps.
"""

from __future__ import annotations

import asyncio  # noqa: TID251 - anyio runs on it
import selectors
from contextlib import contextmanager

import anyio
import anyio.to_thread

ANSWER = 0.002
"""Real seconds a socket has for its answer before time jumps on a loop that stands still."""


class JumpingSelector(selectors.DefaultSelector):
    """Waits for what is real; `skipped` are the seconds that were not waited for."""

    def __init__(self, wait=0.0):
        super().__init__()
        self.skipped = 0.0
        self.busy = 0
        self._wait = wait

    def select(self, timeout=None):
        found = super().select(0 if timeout is None else min(timeout, self._wait))
        if found or timeout is None or timeout <= 0:
            return found or super().select(timeout)
        if self.busy:
            return super().select(min(timeout, 0.01))
        self.skipped += timeout
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """`asyncio`'s loop on the selector above."""

    def __init__(self, *, is_standing=False):
        self._is_standing = is_standing
        self._jumping = JumpingSelector(ANSWER if is_standing else 0.0)
        super().__init__(self._jumping)

    def time(self):
        real = 0.0 if self._is_standing else super().time()
        return real + self._jumping.skipped


@contextmanager
def _seen_threads(monkeypatch, selector):
    real = anyio.to_thread.run_sync

    async def run_sync(*arguments, **options):
        selector.busy += 1
        try:
            return await real(*arguments, **options)
        finally:
            selector.busy -= 1

    with monkeypatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", run_sync)
        yield


def run(monkeypatch, main, *, is_standing=False):
    """Run a coroutine function on such a loop; it is given a function that tells the time."""
    loops = []

    def factory():
        loops.append(JumpingLoop(is_standing=is_standing))
        return loops[0]

    async def within():
        with _seen_threads(monkeypatch, loops[0]._jumping):
            return await main(loops[0].time)

    return anyio.run(within, backend_options={"loop_factory": factory})
