"""Runs that are repeated with another future: in this process, or in several beside it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anyio.to_thread
import attrs

from nof0_core.backtest.one_run import Stop, live
from nof0_core.backtest.paid_models import taped
from nof0_core.backtest.processes.child import Answer, Child
from nof0_core.backtest.repeat import Repeat
from nof0_core.backtest.sources import code_of
from nof0_core.plugins.env import Logger
from nof0_core.runtime.logs import silent

if TYPE_CHECKING:
    from nof0_core.backtest.running import Plan

CHECKER = "nof0_core.backtest.processes.checker"
"""What runs in a process that repeats runs."""
_LIMIT = 7 * 86_400.0
"""Seconds one of them may take; what hangs is found by the run itself."""


async def repeat(
    planned: Plan,
    moment: datetime,
    *,
    folder: Path,
    tape: Path,
    stop: Stop,
) -> Repeat:
    """Run a plan up to a moment (UTC) with other data after it; what it logs was said before.

    Args:
        planned: what to run.
        moment: the last one of which the data are what was recorded.
        folder: where it writes, and what was there is taken away.
        tape: where its models' answers are; nobody is asked.
        stop: ends it when called.
    """
    shutil.rmtree(folder, ignore_errors=True)
    config = attrs.evolve(
        taped(planned.staged, tape, is_recording=False),
        state_dir=folder,
        state_file=folder / planned.staged.state_file.name,
        data_path=folder / "api",
    )
    lived = await live(
        config,
        planned.window,
        log=silent,
        stop=stop,
        cut=moment,
        steps=planned.steps,
        is_sampled=True,
    )
    return Repeat.of(lived, moment)


class Repeating(Protocol):
    """Repeats a plan's run, `count` at a time."""

    @property
    def count(self) -> int:
        """Return how many may go on at a time."""

    async def __call__(self, moment: datetime) -> Repeat | None:
        """Run up to a moment with other data after it; None if that was stopped."""


@attrs.frozen(kw_only=True)
class Here:
    """Repeats runs in this process, one after the other."""

    planned: Plan
    folder: Path
    tape: Path
    log: Callable[[str], Logger]
    stop: Stop
    count: int = 1

    async def __call__(self, moment: datetime) -> Repeat | None:
        """Run up to a moment with other data after it; None if that was stopped."""
        found = await repeat(
            self.planned,
            moment,
            folder=self.folder,
            tape=self.tape,
            stop=self.stop,
        )
        return None if self.stop.reason else found


@attrs.frozen(kw_only=True)
class Others:
    """Other processes that repeat runs: of a module, `count` of them, told `order` and a moment."""

    module: str
    order: Mapping[str, Any]
    count: int


class Beside:
    """Repeats runs in other processes, where nothing is left of the first run.

    What none of them can do, for they find another configuration there or die, is done here.
    """

    def __init__(self, here: Here, others: Others) -> None:
        self.count = others.count
        self._here, self._order = here, others.order
        self._turn = anyio.Lock()
        self._free = [Child(others.module) for _ in range(others.count)]
        self._all = tuple(self._free)

    def end(self) -> None:
        """End all of them, whatever they are doing."""
        for child in self._all:
            child.end()

    async def __call__(self, moment: datetime) -> Repeat | None:
        """Run up to a moment with other data after it; None if that was stopped."""
        if self._here.stop.reason:
            return None
        child = self._free.pop()
        folder = self._here.folder.with_name(str(self._all.index(child)))
        order = {
            **self._order,
            "moment": moment.isoformat(),
            "folder": str(folder),
            "tape": str(self._here.tape),
        }
        ask = partial(child.persist, order, limit=_LIMIT)
        try:
            answer = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
            found = _kept(answer)
        finally:
            self._free.append(child)
            shutil.rmtree(folder, ignore_errors=True)
        if found is not None or child.is_over:
            return found
        log = self._here.log("backtest")
        said = "another process could not check for look-ahead, this one does"
        log.warning(said, moment=moment.isoformat(), error=answer.error)
        async with self._turn:
            return await self._here(moment)


def others_of(planned: Plan, count: int) -> Others | None:
    """Return what repeats a plan that was made of files; None for none."""
    if not count:
        return None
    config, source = planned.config, planned.source
    order = {
        "cwd": str(Path.cwd()),
        "config": os.path.relpath(config.file),
        "data_dir": str(config.state_dir),
        "window": [planned.window.start.isoformat(), planned.window.end.isoformat()],
        "data": None if source.data is None else str(source.data),
        "gaps": source.gaps,
        "steps": planned.steps,
        "digest": digest_of(planned),
    }
    return Others(module=CHECKER, order=order, count=count)


def digest_of(planned: Plan) -> str:
    """Return the SHA-256 (hex) of all that is configured, prompts and code included."""
    texts = sorted((str(path), text) for path, text in planned.config.templates.items())
    told = json.dumps([planned.staged.digest, texts, code_of(planned.config)])
    return hashlib.sha256(told.encode()).hexdigest()


def _kept(answer: Answer) -> Repeat | None:
    if answer.found is None:
        return None
    return Repeat.decoded(Path(answer.found["file"]).read_bytes())
