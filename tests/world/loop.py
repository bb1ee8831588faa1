"""An event loop without real time: it jumps to what is next, and a seed orders what is ready."""

from __future__ import annotations

import heapq
import math
import random
from asyncio import base_events, get_running_loop  # noqa: TID251 - anyio runs on this loop
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

T = TypeVar("T")
STEPS = 20_000_000
"""How many turns a loop may take before it counts as running in circles."""


class WorldError(AssertionError):
    """The world ended in a way that shows a fault; the message names the seed."""


class WorldLoop(base_events.BaseEventLoop):
    """Time is virtual: when nothing is ready it jumps to the next timer; nothing ever waits.

    Of the tasks that are ready at once a seeded generator says which goes first. There are no
    threads, no sockets, no signals.

    Raises:
        WorldError: nothing is ready and no timer is left, or more than `steps` turns were taken.
    """

    def __init__(self, seed: int | str, *, steps: int = STEPS) -> None:
        super().__init__()
        self.seed = seed
        self.turns = 0
        self._limit = steps
        self._virtual = 0.0
        self._rng = random.Random(f"loop/{seed}")
        self._born = 0

    def time(self) -> float:
        return self._virtual

    def create_task(self, coro: Any, **options: Any) -> Any:
        task = super().create_task(coro, **options)
        self._born += 1
        task.number = self._born
        return task

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        message = f"seed {self.seed}: {func} was to run in a thread, of which there are none"
        raise WorldError(message)

    def _run_once(self) -> None:
        self.turns += 1
        if self.turns > self._limit:
            message = f"seed {self.seed}: no end after {self._limit} turns at {self._virtual} s"
            self.turns = 0  # The tasks are cancelled now, which takes turns.
            raise WorldError(message)
        timers, ready = self._scheduled, self._ready
        while timers and timers[0]._cancelled:
            self._forget(heapq.heappop(timers))
        if not ready and not self._stopping:
            if not timers or timers[0]._when == math.inf:
                message = f"seed {self.seed}: deadlock at {self._virtual} s, all wait for ever"
                raise WorldError(message)
            self._virtual = max(self._virtual, timers[0]._when)
        while timers and timers[0]._when <= self._virtual:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            if not timer._cancelled:
                ready.append(timer)
        turn = list(ready)
        ready.clear()
        if len(turn) > 1:
            # Sets of tasks are in the order of addresses: the numbers make it the same each time.
            turn.sort(key=_number)
            self._rng.shuffle(turn)
        for handle in turn:
            if not handle._cancelled:
                handle._run()

    def _forget(self, timer: Any) -> None:
        self._timer_cancelled_count -= 1
        timer._scheduled = False

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody else could wake the loop."""


def now() -> float:
    """Return the virtual time in seconds, faster than anyio finds out on what it runs."""
    return get_running_loop().time()


async def nap(seconds: float) -> None:
    """Wait in virtual time, as fast."""
    loop = get_running_loop()
    future = loop.create_future()
    timer = loop.call_later(seconds, _wake, future)
    try:
        await future
    finally:
        timer.cancel()


def _wake(future: Any) -> None:
    if not future.done():
        future.set_result(None)


def _number(handle: Any) -> int:
    return getattr(getattr(handle._callback, "__self__", None), "number", 0)


def live_in(
    seed: int | str, function: Callable[..., Awaitable[T]], *args: Any, steps: int = STEPS
) -> T:
    """Run an async function in a loop of its own until it returns."""
    return anyio.run(
        function,
        *args,
        backend_options={"loop_factory": lambda: WorldLoop(seed, steps=steps)},
    )
