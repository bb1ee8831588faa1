"""A backtest from configuration to report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path

import attrs

from nof0_core.backtest.assumptions import assumptions_of, flags_of
from nof0_core.backtest.checking import checked_run
from nof0_core.backtest.figures import trader_results
from nof0_core.backtest.look_ahead import MOST, LookAhead
from nof0_core.backtest.one_run import Lived, Stop, live
from nof0_core.backtest.page.whole import PageMaterial, page_of
from nof0_core.backtest.paid_models import estimates, taped
from nof0_core.backtest.repeating import others_of
from nof0_core.backtest.report import make_report, write_report
from nof0_core.backtest.result import BacktestResult, TraderResult
from nof0_core.backtest.stage import Source, name_of, staged, widest
from nof0_core.backtest.window import Window
from nof0_core.config.model import Config
from nof0_core.disk import replace_durably
from nof0_core.errors import UsageError
from nof0_core.plugins.env import Logger
from nof0_core.redaction import Redactor
from nof0_core.runtime.foresight import foresee
from nof0_core.runtime.lock import locked
from nof0_core.runtime.logs import logging_to

REPORT, PARTIAL, PAGE = "report.json", "partial.json", "report.html"
TAPE_FILE = "answers.jsonl"
_KEPT = frozenset({TAPE_FILE, "engine.lock"})
_NO_ROOM = "the disk had no room for the journal: who cannot be written down does not decide"

Progress = Callable[[str, float], object]
"""Told what is being done (`run` or `check`) and which part (0 to 1) of it is over."""


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be run: see `plan`."""

    config: Config
    staged: Config
    window: Window
    folder: Path
    source: Source = attrs.field(factory=Source)
    steps: bool = False


def plan(
    config: Config,
    *,
    start: datetime | None,
    end: datetime | None,
    source: Source,
    steps: bool = False,
) -> Plan:
    """Say what a backtest would run, without running it; opens only files of candles.

    Args:
        config: as it was loaded.
        start: of the window; None: where `Clock.Start` is, else where the recording begins.
        end: None: where the recording ends.
        source: of the history.
        steps: do every moment, also those in which nothing can happen; the result is the same.

    Raises:
        UsageError: there is no such history, or the window cannot be.
        DataError: the files of a recording cannot be used.
        ConfigError: the recording has not the coins or bars that traders need.
    """
    if start is None or end is None:
        found = widest(config, source)
        if found is None:
            message = "nothing tells from when to when there is history"
            raise UsageError(message, hints=("give --from and --to",))
        outlook, _ = found
        begins = config.clock.start
        is_inside = begins is not None and outlook.start <= begins < outlook.end
        start = start or (begins if is_inside else outlook.start)
        end = end or outlook.end
    assert start is not None  # noqa: S101 - for the type checker
    window = Window(start, end)
    folder = config.state_dir / "backtests" / name_of(config, window, source)
    made = staged(config, window, source, folder / "run")
    foresee(made)
    return Plan(
        config=config, staged=made, window=window, folder=folder, source=source, steps=steps
    )


def refuse_unpaid(planned: Plan) -> None:
    """Refuse to ask models that were not agreed to.

    Raises:
        UsageError: models would be asked; the hints say what that may cost.
    """
    found = estimates(planned.config, planned.window)
    if found:
        message = "models are asked over the network, which nobody has agreed to"
        hints = (*map(str, found), "--yes (allow_paid=True) asks them; answers are kept on a tape")
        raise UsageError(message, hints=hints)


async def run(
    planned: Plan,
    *,
    progress: Progress = lambda *_: None,
    stop: Stop | None = None,
    moments: int = MOST,
    processes: int = 0,
    echo: Callable[[str], object] | None = None,
) -> BacktestResult:
    """Run a plan, check it for look-ahead and write its report; nobody is asked whether to pay.

    A run that is stopped, or fails, leaves `partial.json` in its folder and no report.

    Args:
        planned: what to run.
        progress: told how far it is.
        stop: called with a reason from anywhere, it ends the run.
        moments: at how many moments the future is exchanged to find look-ahead, at least one.
        processes: in how many other processes it is repeated for that, which read the configuration
            from its files; 0: in this one, where plugins have what they kept of the first run.
        echo: told warnings of the log; None: standard error.

    Raises:
        LookAheadError: somebody looks ahead.
        UsageError: the same backtest runs already, or something cannot be opened.
        Nof0Error: what a provider said when it was opened.
    """
    stop = stop or Stop()
    redactor = Redactor(planned.config.secrets)
    with locked(planned.folder):
        _clear(planned.folder)
        with logging_to(
            planned.folder / "nof0.log",
            is_verbose=False,
            echo=echo,
            redactor=redactor,
            settings=planned.config.logging,
        ) as log:
            return await _run(planned, log, progress, stop, moments, processes)


async def _run(
    planned: Plan,
    log: Callable[[str], Logger],
    progress: Progress,
    stop: Stop,
    moments: int,
    processes: int,
) -> BacktestResult:
    window, tape = planned.window, planned.folder / TAPE_FILE
    lived = await live(
        taped(planned.staged, tape, is_recording=True),
        window,
        log=log,
        stop=stop,
        progress=partial(_told, progress, window),
        steps=planned.steps,
    )
    ended = lived.error or stop.reason or (_NO_ROOM if lived.log.alerts["disk_full"] else "")
    checked: LookAhead | None = None
    if not ended:
        checked = await checked_run(
            planned,
            lived,
            log=log,
            stop=stop,
            moments=moments,
            tape=tape,
            progress=progress,
            others=others_of(planned, min(processes, moments)),
        )
        ended = "" if checked is not None else f"{stop.reason} in the check for look-ahead"
    return _finished(planned, lived, ended, checked)


def _finished(planned: Plan, lived: Lived, ended: str, checked: LookAhead | None) -> BacktestResult:
    """Make the result of a run and write it down."""
    config, window = planned.config, planned.window
    traders = trader_results(config, window, lived)
    assumptions = tuple(assumptions_of(config, planned.staged, lived.coins))
    flags = tuple(flags_of(config, planned.staged, lived, traders, ended))
    report = make_report(
        config,
        window,
        lived,
        traders,
        is_complete=not ended,
        ended=ended,
        assumptions=assumptions,
        flags=flags,
        look_ahead=checked,
    )
    write_report(planned.folder / (PARTIAL if ended else REPORT), report)
    if not ended:
        page = page_of(report, _material(config, lived, traders))
        replace_durably(planned.folder / PAGE, page.encode())
    return BacktestResult(
        window=window,
        is_complete=not ended,
        ended=ended,
        cycles=lived.log.cycles,
        stepped=lived.stepped,
        traders=traders,
        coins=lived.coins,
        assumptions=assumptions,
        flags=flags,
        digests=report["digests"],
        look_ahead=checked,
        folder=planned.folder,
        report=report,
    )


def _material(config: Config, lived: Lived, traders: Iterable[TraderResult]) -> PageMaterial:
    """Return what the page shows beside the report."""
    markets = {one.id: one.market for one in config.traders}
    log = lived.decisions
    return PageMaterial(
        bars=lived.bars,
        trades=tuple(
            (number, markets[one.trader], trade)
            for number, one in enumerate(traders)
            for trade in one.trades
        ),
        decisions={
            str(one.trader): (tuple(log.newest(one.trader)), log.counts.get(one.trader, 0))
            for one in traders
        },
    )


def _told(progress: Progress, window: Window, now: datetime) -> None:
    part = (now - window.start) / (window.end - window.start)
    progress("run", min(1.0, part))


def _clear(folder: Path) -> None:
    """Take away what an earlier run of the same left behind, but for answers of models."""
    for path in folder.iterdir():
        if path.name in _KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
