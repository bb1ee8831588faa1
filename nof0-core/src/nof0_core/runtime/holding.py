"""Contexts of plugins, each kept open by a task of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from nof0_core.calls import OVERDUE
from nof0_core.cancellation import breaker, is_cancelled
from nof0_core.clock import Clock
from nof0_core.errors import ProviderError, TransientError, in_words
from nof0_core.plugins.env import Logger

T = TypeVar("T")


class Holder:
    """Enters contexts, which are left in reverse order; see `holding`.

    Whoever waits for one to open may give up at any time: what it has begun ends by itself. A time
    limit around the entry would not do, for a context may leave a task group open in the task that
    enters it. One that is not left within `within` (real seconds) is broken off; so nothing but a
    thread keeps the process from ending. On a lockstep clock that ends the run with an error.
    """

    def __init__(
        self, *, tasks: TaskGroup, stack: AsyncExitStack, clock: Clock, log: Logger, within: float
    ) -> None:
        self._tasks = tasks
        self._stack = stack
        self._is_lockstep = clock.is_lockstep
        self._log = log
        self._within = within

    async def enter(self, name: str, context: AbstractAsyncContextManager[T]) -> T:
        """Open a context; `name` is what is said of it.

        Raises:
            BaseException: what opening it has raised.
        """
        held = _Held(name, context)
        self._tasks.start_soon(held.keep)
        try:
            await held.settled.wait()
        except BaseException:
            await self._break_off(held)
            raise
        if held.error is not None:
            raise held.error
        self._stack.push_async_exit(partial(self._leave, held))
        return held.service

    async def _leave(
        self,
        held: _Held[Any],
        kind: type[BaseException] | None,  # noqa: ARG002 - of a context manager
        error: BaseException | None,
        trace: TracebackType | None,  # noqa: ARG002 - likewise
    ) -> None:
        held.leave.set()
        limit = OVERDUE if self._is_lockstep else self._within
        if not await held.is_done(limit):
            await self._break_off(held)
            message = f"{held.name}: closing has not answered for {limit:g} s"
            if self._is_lockstep:
                held.error = ProviderError(message)
            else:
                self._log.warning(message)
        if held.error is not None:
            if error is None:
                raise held.error
            self._log.warning("closing failed", section=held.name, error=in_words(held.error))

    async def _break_off(self, held: _Held[Any]) -> None:
        """End a context that answers no more, also where it has shielded itself."""
        held.scope.cancel()
        if not await held.is_done(self._within):
            held.kill()
            await held.is_done(self._within)


class _Held(Generic[T]):
    """One context: `settled` when it is open or never will be, `done` when it is left."""

    service: T

    def __init__(self, name: str, context: AbstractAsyncContextManager[T]) -> None:
        self.name = name
        self.error: BaseException | None = None
        self.scope = anyio.CancelScope()
        self.settled, self.leave, self.done = anyio.Event(), anyio.Event(), anyio.Event()
        self._context = context
        self._is_killed = False
        self._kill: Callable[[], None] = lambda: None

    async def keep(self) -> None:
        """Open the context and leave it when `leave` is set; what it raises meanwhile is raised."""
        self._kill = breaker()
        try:
            with self.scope:
                async with self._context as self.service:
                    self.settled.set()
                    await self.leave.wait()
        except anyio.get_cancelled_exc_class() as cancelled:
            if self._is_killed:
                return
            if is_cancelled():
                raise
            self._fail(TransientError("the provider cancelled itself"), cancelled)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raised where it is waited for
            self._fail(error, error.__cause__)
        finally:
            self.settled.set()
            self.done.set()

    async def is_done(self, within: float) -> bool:
        """Wait until it is left, at most so long (real seconds); tell whether it is."""
        with anyio.move_on_after(within, shield=True):
            await self.done.wait()
        return self.done.is_set()

    def kill(self) -> None:
        """Break it off also where it is shielded; only this task ends of it."""
        self._is_killed = True
        self._kill()

    def _fail(self, error: BaseException, cause: BaseException | None) -> None:
        if self.settled.is_set() and not self.leave.is_set():
            raise error from cause
        self.error = error


@asynccontextmanager
async def holding(*, clock: Clock, log: Logger, within: float) -> AsyncIterator[Holder]:
    """Hold contexts open; an error from inside stays as it is, what one of them raises is grouped.

    `within`: how long one may take to be left, real seconds.
    """
    failed: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        try:
            async with AsyncExitStack() as stack:
                yield Holder(tasks=tasks, stack=stack, clock=clock, log=log, within=within)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raised again below
            failed = error
    if failed is not None:
        raise failed
