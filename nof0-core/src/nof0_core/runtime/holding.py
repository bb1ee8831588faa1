"""Contexts of plugins, each kept open by a task of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from nof0_core.calls import OVERDUE
from nof0_core.cancellation import Apart
from nof0_core.errors import Nof0Error, ProviderError, TransientError, each_in_words
from nof0_core.plugins.env import Logger

T = TypeVar("T")


class Holder:
    """Enters contexts, which are left in reverse order; see `holding`.

    Whoever waits for one to open may give up at any time: what it has begun ends by itself. A time
    limit around the entry would not do, for a context may leave a task group open in the task that
    enters it. One that is not left within `within` (real seconds) is broken off, and left behind if
    that does not help either. On a lockstep clock that ends the run with an error.
    """

    def __init__(
        self,
        *,
        tasks: TaskGroup,
        stack: AsyncExitStack,
        is_lockstep: bool,
        log: Logger,
        within: float,
    ) -> None:
        self._tasks = tasks
        self._stack = stack
        self._is_lockstep = is_lockstep
        self._log = log
        self._within = within

    async def enter(
        self, name: str, context: AbstractAsyncContextManager[T], *, is_bystander: bool = False
    ) -> T:
        """Open a context; `name` is what is said of it.

        How a bystander ends is told and never an error, for no result depends on it.

        Raises:
            BaseException: what opening it has raised.
        """
        held = _Held(context)
        work = Apart(held.keep)
        try:
            await held.settled.wait()
        except BaseException:
            await work.break_off(self._within)
            raise
        if not held.is_open:
            # It ends of what it has raised.
            await work.done.wait()
            raise _own(work.error)
        if is_bystander:
            self._tasks.start_soon(self._tell, name, held, work)
        else:
            self._tasks.start_soon(_watch, held, work)
        self._stack.push_async_exit(partial(self._leave, name, held, work, is_bystander))
        return held.service

    async def _leave(
        self,
        name: str,
        held: _Held[Any],
        work: Apart[None],
        is_bystander: bool,  # noqa: FBT001 - bound in `enter`
        kind: type[BaseException] | None,  # noqa: ARG002 - of a context manager
        error: BaseException | None,
        trace: TracebackType | None,  # noqa: ARG002 - likewise
    ) -> None:
        has_ended = work.done.is_set()
        held.leave.set()
        limit = OVERDUE if self._is_lockstep else self._within
        with anyio.CancelScope(shield=True):
            is_left = await work.is_done(limit)
        if not is_left:
            is_left = await work.break_off(self._within)
            message = f"{name}: closing has not answered for {limit:g} s"
            if not is_left:
                message += " and cannot be broken off; it is left behind"
            if self._is_lockstep and not is_bystander and error is None:
                raise ProviderError(message)
            self._log.warning(message)
        elif work.error is not None and not (has_ended and (error is not None or is_bystander)):
            words = each_in_words(work.error)
            if error is None and not is_bystander:
                if isinstance(work.error, Nof0Error):
                    raise work.error
                message = f"{name}: closing failed: {words}"
                raise ProviderError(message) from work.error
            self._log.warning("closing failed", section=name, error=words)

    async def _tell(self, name: str, held: _Held[Any], work: Apart[None]) -> None:
        await work.done.wait()
        if not held.leave.is_set():
            words = "" if work.error is None else each_in_words(work.error)
            self._log.warning("it has ended by itself", section=name, error=words)


class _Held(Generic[T]):
    """One context: `settled` when it is open or never will be."""

    service: T

    def __init__(self, context: AbstractAsyncContextManager[T]) -> None:
        self.is_open = False
        self.settled, self.leave = anyio.Event(), anyio.Event()
        self._context = context

    async def keep(self) -> None:
        """Open the context and leave it when `leave` is set."""
        try:
            async with self._context as self.service:
                self.is_open = True
                self.settled.set()
                await self.leave.wait()
        finally:
            self.settled.set()


async def _watch(held: _Held[Any], work: Apart[None]) -> None:
    """Raise what an open context raises before it is left."""
    await work.done.wait()
    if not held.leave.is_set() and work.error is not None:
        raise _own(work.error)


def _own(error: BaseException | None) -> BaseException:
    """Return what may be raised here: a cancellation would be taken for one of ours."""
    if error is None or isinstance(error, anyio.get_cancelled_exc_class()):
        ours: ProviderError = TransientError("the provider cancelled itself")
    elif isinstance(error, Exception):
        return error
    else:
        # It wanted the program to end, and speaks for its own section only.
        ours = ProviderError(each_in_words(error))
    ours.__cause__ = error
    return ours


@asynccontextmanager
async def holding(*, is_lockstep: bool, log: Logger, within: float) -> AsyncIterator[Holder]:
    """Hold contexts open; an error from inside stays as it is, what one of them raises is grouped.

    `within`: how long one may take to be left, real seconds.
    """
    failed: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        try:
            async with AsyncExitStack() as stack:
                yield Holder(
                    tasks=tasks, stack=stack, is_lockstep=is_lockstep, log=log, within=within
                )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raised again below
            failed = error
        # Who was left behind is watched no more.
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed
