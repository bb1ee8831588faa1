"""An event loop without real time: it jumps to what is next, and a seed orders what is ready."""

from __future__ import annotations

import heapq
import math
import random
import warnings
from asyncio import (  # noqa: TID251 - anyio runs on it
    TimerHandle,
    all_tasks,
    base_events,
    get_running_loop,
    tasks,
)
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import anyio

T = TypeVar("T")
STEPS = 20_000_000
"""How many turns a loop may take before it counts as running in circles."""
PROCESS: ContextVar[object | None] = ContextVar("process", default=None)
"""To which process a task or timer belongs: whatever starts another is in the same one."""


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
        self._born = self._timers = 0
        self._dead: set[object] = set()
        self._remains: list[Any] = []

    def time(self) -> float:
        return self._virtual

    def create_task(self, coro: Any, **options: Any) -> Any:
        task = super().create_task(coro, **options)
        self._born += 1
        task.number = self._born
        context = options.get("context")
        task.process = PROCESS.get() if context is None else context.get(PROCESS)
        return task

    def bury(self, process: object) -> None:
        """Let nothing run any more that belongs to a process, not even what cleans up."""
        self._dead.add(process)
        for task in sorted(all_tasks(self), key=lambda task: task.number):
            if task.process is process:
                task._log_destroy_pending = False
                tasks._unregister_task(task)
                self._remains.append(task)

    def dissolve(self) -> None:
        """Free what is left of dead processes: the world ends, and nobody looks any more."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # Some had not begun yet.
            while self._remains:
                coroutine = self._remains.pop().get_coro()
                while coroutine.cr_frame is not None:
                    # It may want to clean up as it goes: there is nothing to clean any more.
                    with suppress(BaseException):
                        _innermost(coroutine).close()

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> Any:
        # Numbers are compared faster than timers are.
        timer = TimerHandle(when, callback, args, self, context)
        self._timers += 1
        heapq.heappush(self._scheduled, (when, self._timers, timer))
        timer._scheduled = True
        return timer

    async def shutdown_asyncgens(self) -> None:
        """Leave alone what stands still in the middle: those that live have ended theirs."""

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
        while timers and timers[0][2]._cancelled:
            self._forget(heapq.heappop(timers)[2])
        if not ready and not self._stopping:
            if not timers or timers[0][0] == math.inf:
                message = f"seed {self.seed}: deadlock at {self._virtual} s, all wait for ever"
                raise WorldError(message)
            self._virtual = max(self._virtual, timers[0][0])
        while timers and timers[0][0] <= self._virtual:
            timer = heapq.heappop(timers)[2]
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
            # Who dies in this turn does nothing more in it.
            is_dead = self._dead and handle._context.get(PROCESS) in self._dead
            if not (handle._cancelled or is_dead):
                handle._run()

    def _forget(self, timer: Any) -> None:
        self._timer_cancelled_count -= 1
        timer._scheduled = False

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody else could wake the loop."""


def running() -> Any:
    """Return the loop of the world one is in."""
    return get_running_loop()


def now() -> float:
    """Return the virtual time in seconds, faster than anyio finds out on what it runs."""
    return running().time()


async def nap(seconds: float) -> None:
    """Wait in virtual time, as fast."""
    loop = running()
    future = loop.create_future()
    timer = loop.call_later(seconds, _wake, future)
    try:
        await future
    except BaseException:
        timer.cancel()
        raise


def _wake(future: Any) -> None:
    if not future.done():
        future.set_result(None)


def _innermost(coroutine: Any) -> Any:
    """Return what a coroutine waits in: to close what is around it first would lose it."""
    while getattr(coroutine.cr_await, "cr_frame", None) is not None:
        coroutine = coroutine.cr_await
    return coroutine


def _number(handle: Any) -> int:
    return getattr(getattr(handle._callback, "__self__", None), "number", 0)


def live_in(
    seed: int | str, function: Callable[..., Awaitable[T]], *args: Any, steps: int = STEPS
) -> T:
    """Run an async function in a loop of its own until it returns."""
    loop = WorldLoop(seed, steps=steps)

    async def world() -> T:
        try:
            return await function(*args)
        finally:
            loop.dissolve()

    return anyio.run(world, backend_options={"loop_factory": lambda: loop})
