"""Background tasks of one service: watched, told about, started again, ended with it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import anyio
import attrs

from nof0_core.border.foreign import Origin, causes
from nof0_core.cancellation import Apart
from nof0_core.clock import Clock, pause
from nof0_core.plugins.env import Logger
from nof0_core.runtime.plugin_alerts import IN_BACKGROUND, SectionAlerts

FIRST_WAIT = 1.0
"""Seconds before a task that failed is started again; then twice as long, …"""
LONGEST_WAIT = 60.0
"""… up to this. One that went on for longer is waited for as at first."""
LONGEST_NAME = 40
ENDING = 1.0
"""How long a task may take to clean up, in seconds of real time; once more as long if it stays."""

Work = Callable[[], Coroutine[Any, Any, object]]


@attrs.define(kw_only=True, eq=False)
class _Task:
    """One task: `why` it waits to be started again, "" while it goes on; `due` in engine time."""

    name: str
    func: Work
    why: str = ""
    due: datetime | None = None
    again: anyio.Event = attrs.field(factory=anyio.Event)
    work: Apart[object] | None = None
    keeper: Apart[None] | None = None


class SectionTasks:
    """The tasks of one service (`Env.tasks`).

    Each runs in a task of its own, which nobody has to wait for: whatever it raises is a failure of
    it alone, and one that cannot be cancelled is left behind. Where time passes while work is done,
    what failed waits in real time; where time stands still meanwhile (`is_passing` is false) it is
    due in engine time, and `look` starts it: nothing is waited for.
    """

    def __init__(
        self,
        *,
        origin: Origin,
        clock: Clock,
        is_passing: bool,
        alerts: SectionAlerts,
        log: Logger,
    ) -> None:
        self._origin = origin
        self._clock = clock
        self._is_passing = is_passing
        self._alerts = alerts
        self._log = log
        self._tasks: dict[str, _Task] = {}
        self._is_ended = False

    def start(self, name: str, func: Work) -> None:
        """Start a task, see `Tasks`."""
        if type(name) is not str or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            message = f"a background task has a name of 1 to {LONGEST_NAME} letters"
            raise ValueError(message)
        if self._is_ended:
            message = f"the service is closed: background task {name} is not started"
            raise RuntimeError(message)
        if name in self._tasks:
            message = f"a background task {name} goes on already"
            raise ValueError(message)
        task = _Task(name=name, func=func)
        task.keeper = Apart(partial(self._keep, task))
        self._tasks[name] = task

    @property
    def waiting(self) -> str:
        """Say which tasks wait to be started again, and why; "" where none does."""
        return "; ".join(
            f"background task {task.name} failed and is started again: {task.why}"
            for task in list(self._tasks.values())
            if task.why
        )

    def look(self, now: datetime) -> None:
        """Start again what is due in engine time."""
        for task in list(self._tasks.values()):
            if task.due is not None and task.due <= now:
                task.due = None
                task.again.set()

    async def end(self) -> None:
        """Cancel all tasks, and wait for what they clean up: a second, and one more."""
        self._is_ended = True
        tasks, self._tasks = list(self._tasks.values()), {}
        if not tasks:
            return
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for task in tasks:
                    group.start_soon(self._end, task)

    async def _end(self, task: _Task) -> None:
        if task.keeper is not None:
            await task.keeper.break_off(ENDING)
        if task.work is None or task.work.done.is_set():
            return
        if not await task.work.break_off(ENDING):
            self._log.warning(
                f"{self._origin.part}: background task {task.name} cannot be broken off; "
                f"it is left behind ({self._origin})"
            )

    async def _keep(self, task: _Task) -> None:
        wait = FIRST_WAIT
        while True:
            began = self._reading()
            work = task.work = Apart(partial(_run, task.func))
            await work.done.wait()
            if work.error is None:
                break
            if isinstance(work.error, anyio.get_cancelled_exc_class()) and self._is_ended:
                break
            wait = FIRST_WAIT if self._reading() - began > LONGEST_WAIT else wait
            self._tell(task, work.error, wait)
            await self._rest(task, wait)
            wait = min(2 * wait, LONGEST_WAIT)
        self._tasks.pop(task.name, None)

    def _reading(self) -> float:
        """Read a counter of seconds, of real time where that passes."""
        return anyio.current_time() if self._is_passing else self._clock.now().timestamp()

    def _tell(self, task: _Task, error: BaseException, wait: float) -> None:
        task.why = self._alerts.in_one_line(causes(error, self._origin.redact))
        then = f"it is started again in {wait:g} s"
        self._log.info(f"background task {task.name} failed: {task.why}; {then}")
        self._alerts.tell(
            "task_failed",
            f"background task {task.name} failed: {task.why}",
            subject=task.name,
            in_background=True,
        )

    async def _rest(self, task: _Task, wait: float) -> None:
        if self._is_passing:
            await pause(wait)
        else:
            task.again = anyio.Event()
            task.due = self._clock.now() + timedelta(seconds=wait)
            await task.again.wait()
        task.why = ""


async def _run(func: Work) -> object:
    IN_BACKGROUND.set(True)
    return await func()
