"""Contexts of plugins, each kept open by a task of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from nof0_core.border.foreign import Origin
from nof0_core.calls import OVERDUE
from nof0_core.cancellation import Apart
from nof0_core.errors import ProviderError, TransientError
from nof0_core.plugins.env import Logger

T = TypeVar("T")
_MISUSES = {
    "generator didn't yield": "open yielded nothing; it yields the service, once",
    "generator didn't stop": "open yields more than once; it yields the service, once",
}
"""What the standard library says of functions under `@asynccontextmanager`, in other words."""


async def _nothing() -> None:
    pass


class Holder:
    """Enters contexts, which are left in reverse order; see `holding`.

    Whoever waits for one to open may give up at any time: what it has begun ends by itself. A time
    limit around the entry would not do, for a context may leave a task group open in the task that
    enters it. One that is not left within `within` (real seconds) is broken off, and left behind if
    that does not help either. Where `hangs_end`, that ends the run with an error. What one raises
    when it is left is a warning: by then everything is done and written.
    """

    def __init__(
        self,
        *,
        tasks: TaskGroup,
        stack: AsyncExitStack,
        hangs_end: bool,
        log: Logger,
        within: float,
    ) -> None:
        self._tasks = tasks
        self._stack = stack
        self._hangs_end = hangs_end
        self._log = log
        self._within = within

    async def enter(
        self,
        origin: Origin,
        context: AbstractAsyncContextManager[T],
        *,
        is_bystander: bool = False,
        before_leaving: Callable[[], Awaitable[None]] = _nothing,
    ) -> T:
        """Open a context; `origin` is whose it is.

        How a bystander ends is told and never an error, for no result depends on it.
        `before_leaving` is awaited before the context is left, and where it does not open.

        Raises:
            BaseException: what opening it has raised.
        """
        held = _Held(origin, context, before_leaving)
        work = Apart(held.keep)
        try:
            await held.settled.wait()
        except BaseException:
            await work.break_off(self._within)
            raise
        if not held.is_open:
            # It ends of what it has raised.
            await work.done.wait()
            raise _own(origin, work.error)
        self._tasks.start_soon(self._tell if is_bystander else _watch, held, work)
        self._stack.push_async_exit(partial(self._leave, held, work, is_bystander))
        return held.service

    async def _leave(
        self,
        held: _Held[Any],
        work: Apart[None],
        is_bystander: bool,  # noqa: FBT001 - bound in `enter`
        kind: type[BaseException] | None,  # noqa: ARG002 - of a context manager
        error: BaseException | None,
        trace: TracebackType | None,  # noqa: ARG002 - likewise
    ) -> None:
        if work.done.is_set():
            # It has ended by itself, which was told then.
            return
        held.leave.set()
        limit = OVERDUE if self._hangs_end else self._within
        with anyio.CancelScope(shield=True):
            is_left = await work.is_done(limit)
        if not is_left:
            is_left = await work.break_off(self._within)
            message = f"{held.origin.part}: closing has not answered for {limit:g} s"
            if not is_left:
                message += " and cannot be broken off; it is left behind"
            if self._hangs_end and not is_bystander and error is None:
                raise ProviderError(message)
            self._log.warning(f"{message} ({held.origin})")
        elif work.error is not None:
            misuse, origin = misused(work.error), held.origin
            said = origin.at_fault(misuse) if misuse else origin.raised("closing", work.error)
            self._log.warning(f"{said}; everything else is closed in good order")

    async def _tell(self, held: _Held[Any], work: Apart[None]) -> None:
        await work.done.wait()
        if not held.leave.is_set():
            why = "" if work.error is None else held.origin.raised("a task of its own", work.error)
            self._log.warning(f"{held.origin.part} has ended by itself: {why}")


class _Held(Generic[T]):
    """One context: `settled` when it is open or never will be."""

    service: T

    def __init__(
        self,
        origin: Origin,
        context: AbstractAsyncContextManager[T],
        before_leaving: Callable[[], Awaitable[None]],
    ) -> None:
        self.origin = origin
        self.is_open = False
        self.settled, self.leave = anyio.Event(), anyio.Event()
        self._context = context
        self._before_leaving = before_leaving

    async def keep(self) -> None:
        """Open the context and leave it when `leave` is set."""
        try:
            async with self._context as self.service:
                self.is_open = True
                self.settled.set()
                try:
                    await self.leave.wait()
                finally:
                    await self._before_leaving()
        finally:
            self.settled.set()
            await self._before_leaving()


async def _watch(held: _Held[Any], work: Apart[None]) -> None:
    """Raise what an open context raises before it is left."""
    await work.done.wait()
    if not held.leave.is_set() and work.error is not None:
        raise ProviderError(held.origin.raised("a task of its own", work.error)) from work.error


def _own(origin: Origin, error: BaseException | None) -> BaseException:
    """Return what may be raised here: an end that was asked for would be taken for ours."""
    if error is not None and isinstance(error, Exception):
        return error
    said = "did not open" if error is None else origin.raised("open", error)
    ours = TransientError(said)
    ours.__cause__ = error
    return ours


def misused(error: BaseException) -> str:
    """Say how a plugin's `open` yields, where that is what an error is about, else ""."""
    said = error.args[0] if isinstance(error, RuntimeError) and error.args else None
    return _MISUSES.get(said, "") if isinstance(said, str) else ""


@asynccontextmanager
async def holding(*, hangs_end: bool, log: Logger, within: float) -> AsyncIterator[Holder]:
    """Hold contexts open; an error from inside stays as it is, what one of them raises is grouped.

    `within`: how long one may take to be left, real seconds; `hangs_end`: one that takes for ever
    is an error of the run.
    """
    failed: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        try:
            async with AsyncExitStack() as stack:
                yield Holder(tasks=tasks, stack=stack, hangs_end=hangs_end, log=log, within=within)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raised again below
            failed = error
        # Who was left behind is watched no more.
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed
