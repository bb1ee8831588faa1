"""Contexts of plugins, each kept open by a task of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from nof0_core.border.foreign import Origin
from nof0_core.calls import OVERDUE
from nof0_core.cancellation import breaker, is_cancelled
from nof0_core.clock import Clock
from nof0_core.errors import ProviderError, TransientError
from nof0_core.plugins.env import Logger

T = TypeVar("T")
_MISUSES = {
    "generator didn't yield": "open yielded nothing; it yields the service, once",
    "generator didn't stop": "open yields more than once; it yields the service, once",
}
"""What the standard library says of functions under `@asynccontextmanager`, in other words."""


class Holder:
    """Enters contexts, which are left in reverse order; see `holding`.

    Whoever waits for one to open may give up at any time: what it has begun ends by itself. A time
    limit around the entry would not do, for a context may leave a task group open in the task that
    enters it. One that is not left within `within` (real seconds) is broken off; so nothing but a
    thread keeps the process from ending. On a lockstep clock that ends the run with an error. What
    one raises when it is left is a warning: by then everything is done and written.
    """

    def __init__(
        self, *, tasks: TaskGroup, stack: AsyncExitStack, clock: Clock, log: Logger, within: float
    ) -> None:
        self._tasks = tasks
        self._stack = stack
        self._is_lockstep = clock.is_lockstep
        self._log = log
        self._within = within

    async def enter(self, origin: Origin, context: AbstractAsyncContextManager[T]) -> T:
        """Open a context; `origin` is whose it is.

        Raises:
            BaseException: what opening it has raised.
        """
        held = _Held(origin, context)
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
            message = f"{held.origin.part}: closing has not answered for {limit:g} s"
            if self._is_lockstep and error is None:
                raise ProviderError(message)
            self._log.warning(f"{message} ({held.origin})")
        elif held.error is not None:
            misuse = misused(held.error)
            origin, error = held.origin, held.error
            said = origin.at_fault(misuse) if misuse else origin.raised("closing", error)
            self._log.warning(f"{said}; everything else is closed in good order")

    async def _break_off(self, held: _Held[Any]) -> None:
        """End a context that answers no more, also where it has shielded itself."""
        held.scope.cancel()
        if not await held.is_done(self._within):
            held.kill()
            await held.is_done(self._within)


class _Held(Generic[T]):
    """One context: `settled` when it is open or never will be, `done` when it is left."""

    service: T

    def __init__(self, origin: Origin, context: AbstractAsyncContextManager[T]) -> None:
        self.origin = origin
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
            failed = TransientError("the provider cancelled itself")
            failed.__cause__ = cancelled
            self._fail(failed)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raised where it is waited for
            self._fail(error)
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

    def _fail(self, error: BaseException) -> None:
        if self.settled.is_set() and not self.leave.is_set():
            raise ProviderError(self.origin.raised("a task of its own", error)) from error
        self.error = error


def misused(error: BaseException) -> str:
    """Say how a plugin's `open` yields, where that is what an error is about, else ""."""
    said = error.args[0] if isinstance(error, RuntimeError) and error.args else None
    return _MISUSES.get(said, "") if isinstance(said, str) else ""


@asynccontextmanager
async def holding(*, clock: Clock, log: Logger, within: float) -> AsyncIterator[Holder]:
    """Hold contexts open; an error from inside stays as it is.

    What a context raises by itself in between ends what is done meanwhile, in a group.

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
