"""Whether somebody wants a task to end, and work that nobody has to wait for."""

from __future__ import annotations

import asyncio  # noqa: TID251 - nobody else knows whether a cancellation was asked for
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator
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


class Breakable(Generic[T]):
    """Foreign work in the task that awaits it, which others can break off wherever it waits.

    It costs nothing before it first waits: what never does is over by then. A cancel scope could
    not be entered later, for the scopes of the work itself would lie around it. As with one, work
    that takes no notice is told again whenever it waits; unlike with one, a shield of its own is
    none.

    Where it was broken off and has no answer, whoever awaits it gets a `TimeoutError`. `waiting`
    has all that wait, to be broken off.
    """

    def __init__(self, work: Callable[[], Awaitable[T]], waiting: set[Breakable[Any]]) -> None:
        self._work = work
        self._waiting = waiting
        self._is_broken_off = False
        self._awaited: Any = None

    def break_off(self) -> None:
        """Let what it waits for end in a cancellation, now and whenever it waits again."""
        self._is_broken_off = True
        if isinstance(self._awaited, asyncio.Future):
            self._awaited.cancel()

    def __await__(self) -> Generator[Any, Any, T]:
        """Do the work; what it waits for, the task that awaits it waits for."""
        steps, task, cancelled_before = self._steps(), None, 0
        try:
            waits_for = steps.send(None)
            self._waiting.add(self)
            task = asyncio.current_task()
            cancelled_before = 0 if task is None else task.cancelling()
            while True:
                wish = yield from self._wait(waits_for)
                waits_for = steps.send(None) if wish is None else steps.throw(wish)
        except StopIteration as end:
            answer: T = end.value
            return answer
        except asyncio.CancelledError:
            # Somebody may have wanted the task to end, too.
            is_wanted = task is not None and task.cancelling() > cancelled_before
            if self._is_broken_off and not is_wanted:
                raise TimeoutError from None
            raise
        finally:
            self._waiting.discard(self)
            steps.close()

    def _wait(self, waits_for: Any) -> Generator[Any, Any, BaseException | None]:
        """Wait for one thing; returns what is to be raised in the work instead of going on."""
        self._awaited = waits_for
        if self._is_broken_off:
            self.break_off()
        try:
            yield waits_for
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the work
            return error
        finally:
            self._awaited = None
        return asyncio.CancelledError() if self._is_broken_off else None

    async def _steps(self) -> T:
        return await self._work()


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
