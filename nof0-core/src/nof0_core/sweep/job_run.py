"""One job done: a backtest in a folder of its own, its figures, nothing else left behind."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from nof0_core.backtest.figures import trader_results
from nof0_core.backtest.one_run import Lived, Stop, live
from nof0_core.backtest.paid_models import asked_models, taped
from nof0_core.backtest.running import Plan, checked_run
from nof0_core.backtest.stage import staged
from nof0_core.backtest.window import Window
from nof0_core.clock import stopwatch
from nof0_core.config.model import Config
from nof0_core.errors import Nof0Error, UsageError
from nof0_core.redaction import Redactor
from nof0_core.runtime.foresight import foresee
from nof0_core.runtime.logs import logging_to
from nof0_core.sweep.figures import trader_figures
from nof0_core.sweep.setting import Setting

WORK, ANSWERS, LOGS = "work", "answers", "logs"

Order = dict[str, Any]
Found = dict[str, Any]


def do_job(setting: Setting, order: Order) -> Found:
    """Run a backtest and return what came out, in what JSON has.

    Args:
        setting: of the sweep.
        order: `Job.order`, with `moments` (0: no look-ahead check) and `code` (the digest of what
            must run here).

    Raises:
        Nof0Error: it failed; what a model answered and the log are kept.
    """
    _same_code(setting, order)
    variant = setting.asked.space.variant(tuple(order["pick"]))
    config = setting.config(variant, order["seed"])
    window = Window(*map(datetime.fromisoformat, order["window"]))
    with setting.sharing(), _folder(setting.folder, order["key"]) as folder:
        made = staged(config, window, setting.source, folder / "run")
        foresee(made)
        planned = Plan(config=config, staged=made, window=window, folder=folder)
        tape = setting.folder / ANSWERS / f"{order['key']}.jsonl"
        log = setting.folder / LOGS / f"{order['key']}.log"
        lived, cycles, seconds = _lived(planned, tape, int(order["moments"]), log)
    traders = trader_results(config, window, lived)
    return {
        "key": order["key"],
        "cycles": lived.log.cycles,
        "bars": sum(one.bars for one in lived.coins),
        "checked_cycles": cycles,
        "configuration": config.digest,
        "data": lived.data,
        "coins": {str(one.symbol): one.return_pct for one in lived.coins},
        "traders": [trader_figures(one) for one in traders],
        "seconds": round(seconds, 3),
    }


def look(setting: Setting, order: Order) -> Found:
    """Return the digests of the data of a window, and its bars, without running anything on."""
    _same_code(setting, order)
    variant = setting.asked.space.variant(tuple(order["pick"]))
    config = setting.config(variant)
    window = Window(*map(datetime.fromisoformat, order["window"]))
    stop = Stop()
    stop("only looked at")
    with setting.sharing(), _folder(setting.folder, order["key"]) as folder:
        made = staged(config, window, setting.source, folder / "run")
        silent = taped(made, folder / "answers.jsonl", is_recording=False)
        with _log(folder / "nof0.log", config) as log:
            lived = anyio.run(partial(live, silent, window, log=log, stop=stop))
    return {"data": lived.data, "bars": sum(one.bars for one in lived.coins)}


def _lived(planned: Plan, tape: Path, moments: int, kept: Path) -> tuple[Lived, int, float]:
    """Run it to its end, and check it at so many moments; the log is kept where it fails.

    Returns:
        What it came to, how many cycles were compared, how long the run itself took in seconds.
    """
    if asked_models(planned.config):
        tape.parent.mkdir(parents=True, exist_ok=True)
    try:
        with _log(planned.folder / "nof0.log", planned.config) as log:
            return anyio.run(_run, planned, tape, moments, log)
    except BaseException:
        _keep_log(planned.folder / "nof0.log", kept)
        raise


async def _run(planned: Plan, tape: Path, moments: int, log: Any) -> tuple[Lived, int, float]:
    stop, began = Stop(), stopwatch()
    config = taped(planned.staged, tape, is_recording=True)
    lived = await live(config, planned.window, log=log, stop=stop)
    if lived.error:
        raise Nof0Error(lived.error)
    if lived.log.alerts["disk_full"]:
        # Without room traders stop deciding: what came out is not what the rules say.
        raise OSError(errno.ENOSPC, "the disk had no room for the journal of the backtest")
    seconds = stopwatch() - began
    if not moments:
        return lived, 0, seconds
    found = await checked_run(planned, lived, lambda *_: None, stop, moments, tape=tape)
    return lived, 0 if found is None else found.cycles, seconds


def _same_code(setting: Setting, order: Order) -> None:
    if setting.code != order["code"]:
        message = f"{socket.gethostname()} runs other code than where the sweep was started"
        hint = "install the same nof0 and plugins there, and start its workers again"
        raise UsageError(message, hints=(hint,))


@contextmanager
def _folder(home: Path, key: str) -> Iterator[Path]:
    """Make a folder nobody else works in, and take it away."""
    folder = home / WORK / f"{key}.{socket.gethostname()}.{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _log(path: Path, config: Config) -> Any:
    return logging_to(
        path,
        is_verbose=False,
        echo=lambda _: None,
        redactor=Redactor(config.secrets),
        settings=config.logging,
    )


def _keep_log(path: Path, kept: Path) -> None:
    """Keep the log of a job that failed, where there is room for it."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
    except OSError:
        return
