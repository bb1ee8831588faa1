"""`nof0 sweep`: many backtests, compared."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli import output
from nof0_core.cli.options import data_dir_option, json_option
from nof0_core.cli.report import FAILED, INTERRUPTED
from nof0_core.clock import stopwatch
from nof0_core.errors import UsageError

if TYPE_CHECKING:
    from nof0_core.sweep.estimate import Estimate
    from nof0_core.sweep.running import Prepared, Progress

LINE_EVERY = 10.0
"""Seconds of real time between two lines of progress."""


@click.command()
@click.argument("sweep_file", metavar="SWEEP.yaml", type=click.Path(path_type=Path))
@click.option(
    "--address", default="", help="Dask scheduler that shares jobs out, instead of local processes."
)
@click.option("--workers", type=click.IntRange(1, 1024), help="Local processes; default: cores.")
@click.option("--fresh", is_flag=True, help="Put results of this name aside and begin anew.")
@click.option("--yes", is_flag=True, help="Ask nothing: pay models, and take as long as it takes.")
@data_dir_option
@json_option
def sweep(
    sweep_file: Path,
    address: str,
    workers: int | None,
    data_dir: Path | None,
    *,
    fresh: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Run many backtests as SWEEP.yaml says, and compare what came out.

    Models, prompts, parameters, windows and seeds are varied. Everything is written to
    sweeps/NAME of the data directory. What has a result is not run again: after Ctrl-C or a kill
    the same command does the rest.
    """
    from nof0_core.cli.sweep_text import as_json as json_of
    from nof0_core.cli.sweep_text import render, tail
    from nof0_core.sweep.running import prepare, run

    with _terminable():
        prepared = prepare(sweep_file, data_dir=data_dir)
        _say(prepared)
        _agree_to_pay(prepared, is_agreed=yes)
        with _shown(is_silent=as_json) as (progress, pause):

            def agree(found: Estimate) -> bool:
                return _agree(found, pause, is_agreed=yes)

            result = run(
                prepared,
                agree=agree,
                address=address,
                workers=workers,
                fresh=fresh,
                progress=progress,
            )
    if as_json:
        output.print_json(json_of(result))
    else:
        console = output.console()
        for part in render(result, width=console.width):
            console.print(part, markup=False)
        for line in tail(result):
            console.print(output.paragraph(line), soft_wrap=True, markup=False)
    if result.ended:
        raise click.exceptions.Exit(INTERRUPTED)
    if result.failures:
        raise click.exceptions.Exit(FAILED)


def _say(prepared: Prepared) -> None:
    windows, seeds = len(prepared.windows.all), len(prepared.setting.asked.seeds)
    parts = [f"{prepared.variants:,} variants", _count(windows, "window"), _count(seeds, "seed")]
    click.echo(f"{prepared.jobs:,} backtests: {' × '.join(parts)}", err=True)


def _count(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _agree_to_pay(prepared: Prepared, *, is_agreed: bool) -> None:
    """Ask whether to pay, where models are asked over the network.

    Raises:
        UsageError: nobody can be asked.
    """
    if not prepared.costs or is_agreed:
        return
    if not sys.stdin.isatty():
        message = "models are asked over the network, which nobody has agreed to"
        hints = (*map(str, prepared.costs), "--yes asks them; answers are kept on tapes")
        raise UsageError(message, hints=hints)
    for one in prepared.costs:
        click.echo(str(one), err=True)
    click.echo("answers that are on the tapes of this sweep are not asked again", err=True)
    click.confirm("Ask these models?", abort=True, err=True)


def _agree(found: Estimate, pause: Any, *, is_agreed: bool) -> bool:
    """Tell whether a sweep may take as long as was measured.

    Raises:
        UsageError: nobody can be asked.
    """
    if is_agreed:
        click.echo(str(found), err=True)
        return True
    if not sys.stdin.isatty():
        message = f"this sweep is large: {found}"
        hint = "--yes runs it; what has been run by now is kept"
        raise UsageError(message, hints=(hint, "or vary less: search: tpe tries `trials` variants"))
    with pause():
        click.echo(str(found), err=True)
        return click.confirm("Go on?", err=True)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end a sweep as Ctrl-C does: what there is is kept."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    known = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, known)


@contextmanager
def _shown(*, is_silent: bool) -> Iterator[tuple[Progress, Any]]:
    """Yield what shows how far it is, and a context in which nothing is drawn."""
    from contextlib import nullcontext

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    screen = Console(stderr=True)
    if is_silent:
        yield (lambda *_: None), nullcontext
        return
    if not screen.is_terminal:
        yield _Lines(), nullcontext
        return
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("backtests", total=None)

        def show(done: int, total: int, failed: int) -> None:
            said = f"backtests, {failed} failed" if failed else "backtests"
            bar.update(task, completed=done, total=total, description=said)

        @contextmanager
        def pause() -> Iterator[None]:
            bar.stop()
            try:
                yield
            finally:
                bar.start()

        yield show, pause


class _Lines:
    """Says now and then how far it is, where there is no terminal to draw on."""

    def __init__(self) -> None:
        self._began = self._said = stopwatch()

    def __call__(self, done: int, total: int, failed: int) -> None:
        """Take in how many jobs have ended."""
        now = stopwatch()
        if now - self._said < LINE_EVERY or not done:
            return
        self._said = now
        left = (now - self._began) * (total - done) / done
        more = f", {failed} failed" if failed else ""
        click.echo(f"{done:,} of {total:,}{more}, about {left:.0f} s left", err=True)
