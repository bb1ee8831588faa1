"""The check of a run for look-ahead, with what it needs to be repeated."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from nof0_core.backtest.look_ahead import LookAhead, check, moments_of
from nof0_core.backtest.one_run import Lived, Stop
from nof0_core.backtest.repeating import Beside, Here, Others
from nof0_core.domain.candles import interval_ms
from nof0_core.plugins.env import Logger

if TYPE_CHECKING:
    from nof0_core.backtest.running import Plan, Progress


async def checked_run(
    planned: Plan,
    lived: Lived,
    *,
    log: Callable[[str], Logger],
    stop: Stop,
    moments: int,
    tape: Path,
    progress: Progress = lambda *_: None,
    others: Others | None = None,
) -> LookAhead | None:
    """Check a run of a plan for look-ahead; None if that was stopped.

    Args:
        planned: what was run.
        lived: the run.
        log: makes loggers.
        stop: ends the check when called.
        moments: at how many moments the future is exchanged.
        tape: where the answers of its models are.
        progress: told how far it is.
        others: processes that repeat it; None: this one does, one time after the other.

    Raises:
        LookAheadError: somebody looks ahead.
    """
    folder = planned.folder / "check"
    bar = max((interval_ms(one.resolution) for one in lived.coins), default=0)
    last = planned.window.end - timedelta(milliseconds=bar)
    chosen = moments_of(lived.log, last, moments)
    here = Here(planned=planned, folder=folder / "here", tape=tape, log=log, stop=stop)
    beside = Beside(here, others) if others is not None else None
    if beside is not None:
        stop.also.append(beside.end)
    try:
        return await check(
            lived.log,
            here if beside is None else beside,
            seen=lived.seen,
            moments=chosen,
            progress=lambda done: progress("check", done / len(chosen)),
        )
    finally:
        if beside is not None:
            beside.end()
        shutil.rmtree(folder, ignore_errors=True)
