"""`nof0 backtest`: the engine over history."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nof0_core.cli import output
from nof0_core.cli.backtest_text import render, tail
from nof0_core.cli.moment import MOMENT
from nof0_core.cli.options import config_argument, data_dir_option, json_option
from nof0_core.cli.report import FAILED, INTERRUPTED
from nof0_core.clock import stopwatch
from nof0_core.errors import UsageError
from nof0_core.files import in_words

if TYPE_CHECKING:
    from nof0_core.backtest.one_run import Stop
    from nof0_core.backtest.running import Plan, Progress

LINE_EVERY = 10.0
"""Seconds of real time between two lines of progress."""


@click.command()
@config_argument
@click.option("--from", "start", type=MOMENT, help="First moment, UTC; default: Clock.Start.")
@click.option("--to", "end", type=MOMENT, help="Last moment, UTC; default: where the data end.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of candle files, in place of all markets.",
)
@click.option(
    "--gaps",
    type=click.Choice(["refuse", "allow"]),
    help="What to do where bars are missing; default: as configured.",
)
@click.option(
    "--trades",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all closed trades to this CSV file.",
)
@click.option(
    "--moments",
    type=click.IntRange(1, 8),
    default=8,
    show_default=True,
    help="At how many moments the future is exchanged to find look-ahead.",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    help="In how many processes that is done; default: one for each core.",
)
@click.option("--step", is_flag=True, help="Do every moment: slower, with the same result.")
@click.option("--yes", is_flag=True, help="Ask models that cost money without asking first.")
@data_dir_option
@json_option
def backtest(
    config_file: Path,
    start: datetime | None,
    end: datetime | None,
    data: Path | None,
    gaps: str | None,
    trades: Path | None,
    moments: int,
    data_dir: Path | None,
    *,
    processes: int | None,
    step: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Run CONFIG over history, and report what came out.

    The same engine as `nof0 run`, on recorded prices and paper accounts. Live markets need --data,
    or what `nof0 data download` fetched. Everything is written to backtests/ of the data directory.
    Ctrl-C ends it and keeps what there is.
    """
    import anyio

    from nof0_core.backtest.one_run import Stop
    from nof0_core.backtest.report import text_of, write_trades
    from nof0_core.backtest.running import plan, run
    from nof0_core.backtest.stage import Source
    from nof0_core.project import load_config
    from nof0_core.runtime.preview import preflight

    if trades is not None and not trades.absolute().parent.is_dir():
        message = f"--trades: there is no directory {trades.parent}"
        raise UsageError(message)
    config = load_config(config_file, data_dir=data_dir)
    preflight(config)
    source = Source(data=data.absolute() if data else None, gaps=gaps)
    planned = plan(config, start=start, end=end, source=source, steps=step)
    _agree(planned, is_agreed=yes)
    stop = Stop()
    with _interruptible(stop), _shown(is_silent=as_json) as progress:
        work = partial(
            run,
            planned,
            progress=progress,
            stop=stop,
            moments=moments,
            processes=processes or os.cpu_count() or 1,
        )
        result = anyio.run(work)
    if trades is not None:
        try:
            write_trades(trades, result)
        except OSError as error:
            message = f"--trades: {trades} cannot be written: {in_words(error)}"
            hint = f"the report is in {result.folder}"
            raise UsageError(message, hints=(hint,)) from error
    if as_json:
        click.echo(text_of(result.report), nl=False)
    else:
        console = output.console()
        for part in render(result, width=console.width):
            console.print(part, markup=False)
        for line in tail(result, trades):
            console.print(output.paragraph(line), soft_wrap=True, markup=False)
    if not result.is_complete:
        raise click.exceptions.Exit(INTERRUPTED if stop.reason else FAILED)


def _agree(planned: Plan, *, is_agreed: bool) -> None:
    """Ask whether to pay, where models are asked over the network."""
    from nof0_core.backtest.paid_models import estimates
    from nof0_core.backtest.running import refuse_unpaid

    if is_agreed:
        return
    if not sys.stdin.isatty():
        refuse_unpaid(planned)
        return
    found = estimates(planned.config, planned.window)
    for one in found:
        click.echo(str(one), err=True)
    if found:
        click.echo("answers that are on the tape of this backtest are not asked again", err=True)
        click.confirm("Ask these models?", abort=True, err=True)


@contextmanager
def _interruptible(stop: Stop) -> Iterator[None]:
    """Let the first Ctrl-C end the run in good order; a second one ends it as ever."""
    known = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, _: object) -> None:
        stop("interrupted" if number == signal.SIGINT else "terminated")
        for each, handler in known.items():
            signal.signal(each, handler)

    for number in known:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in known.items():
            signal.signal(number, handler)


@contextmanager
def _shown(*, is_silent: bool) -> Iterator[Progress]:
    """Yield what shows how far it is, with the time left: a bar, or a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    screen = Console(stderr=True)
    if is_silent:
        yield lambda *_: None
        return
    if not screen.is_terminal:
        yield _Lines()
        return
    with Progress(
        "{task.description}",
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=screen,
        transient=True,
    ) as bar:
        tasks = {"run": bar.add_task("run", total=1.0)}

        def show(what: str, part: float) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task("look-ahead check", total=1.0)
            bar.update(tasks[what], completed=part)

        yield show


class _Lines:
    """Says now and then how far it is, where there is no terminal to draw on."""

    def __init__(self) -> None:
        self._what, self._began, self._said = "", 0.0, stopwatch()

    def __call__(self, what: str, part: float) -> None:
        """Take in which part (0 to 1) of something is over."""
        now = stopwatch()
        if what != self._what:
            self._what, self._began = what, now
        if part <= 0 or now - self._said < LINE_EVERY:
            return
        self._said = now
        left = (now - self._began) * (1 - part) / part
        click.echo(f"{what}: {100 * part:.0f} %, about {left:.0f} s left", err=True)
