"""A backtest for programs and notebooks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel

from nof0_core.backtest.look_ahead import MOST
from nof0_core.backtest.one_run import Stop
from nof0_core.backtest.result import BacktestResult
from nof0_core.backtest.running import plan, refuse_unpaid, run
from nof0_core.backtest.stage import Source
from nof0_core.backtest.window import Window
from nof0_core.config.model import Config
from nof0_core.errors import UsageError
from nof0_core.project.configuration import load_config


def run_backtest(
    config: Config | Path | str,
    window: Window | tuple[datetime, datetime] | None = None,
    *,
    data: Path | None = None,
    gaps: str | None = None,
    allow_paid: bool = False,
    moments: int = MOST,
    steps: bool = False,
    processes: int | None = None,
    progress: Callable[[str, float], object] = lambda *_: None,
) -> BacktestResult:
    """Run a configuration over history and return what came out; the report is in its folder.

    The venue accounts are paper ones and nothing outside of `backtests/` of the data directory is
    written. May be called in a notebook: what runs there goes on in a thread.

    Args:
        config: the configuration, or CONFIG, its main file.
        window: from when to when, with time zones; None: all that was recorded, from `Clock.Start`
            on where that is set.
        data: a directory of candle files in place of all markets.
        gaps: `allow` or `refuse` where bars are missing; None: as configured.
        allow_paid: whether models may be asked over the network, which costs money.
        moments: at how many moments the future is exchanged to find look-ahead, at least one.
        steps: do every moment, also those in which nothing can happen: slower, with the same
            result.
        processes: in how many other processes the run is repeated to find look-ahead. They read the
            configuration from its files: `config` must be what they say. 0: in this one, where a
            plugin that keeps what it has reckoned from later data is not found out. None: one for
            each core where `config` is a file, else this one.
        progress: told what is being done (`run`, `check`) and which part of it is over.

    Raises:
        UsageError: there is no such history, or models would have to be asked.
        LookAheadError: somebody looks ahead.
        Nof0Error: something cannot be opened.
    """
    if processes is None:
        processes = 0 if isinstance(config, Config) else os.cpu_count() or 1
    if not isinstance(config, Config):
        config = load_config(config)
    start: datetime | None = None
    end: datetime | None = None
    if isinstance(window, Window):
        start, end = window.start, window.end
    elif window is not None:
        start, end = _pair(window)
    if gaps not in (None, "allow", "refuse"):
        message = f"gaps is one of allow, refuse, not {gaps!r}"
        raise UsageError(message)
    planned = plan(config, start=start, end=end, source=Source(data=data, gaps=gaps), steps=steps)
    if not allow_paid:
        refuse_unpaid(planned)
    stop = Stop()
    work = partial(
        anyio.run,
        partial(
            run,
            planned,
            progress=progress,
            stop=stop,
            moments=max(1, moments),
            processes=processes,
        ),
    )
    return _beside(work, stop) if _is_in_loop() else work()


def _pair(window: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    try:
        start, end = window
    except (TypeError, ValueError):
        message = f"a window is two times, from when to when, not {window!r}"
        raise UsageError(message) from None
    return start, end


def _is_in_loop() -> bool:
    try:
        anyio.lowlevel.current_token()
    except RuntimeError:
        return False
    return True


def _beside(work: partial[BacktestResult], stop: Stop) -> BacktestResult:
    """Do it in a thread, for here an event loop is running already."""
    found: list[BacktestResult] = []
    failed: list[BaseException] = []

    def body() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            failed.append(error)

    thread = threading.Thread(target=body, name="nof0 backtest")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        stop("interrupted")
        thread.join()
    if failed:
        raise failed[0]
    return found[0]
