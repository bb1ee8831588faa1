"""`nof0 run`: trade."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import click
from rich.console import Console
from rich.live import Live

from nof0_core import config as configuration
from nof0_core.cli import output
from nof0_core.cli.leaderboard import data_path, read_rows, render_leaderboard
from nof0_core.cli.options import config_argument, data_dir_option
from nof0_core.cli.status import status_line, status_table
from nof0_core.clock import pause, stopwatch
from nof0_core.config.model import Config
from nof0_core.errors import EndOfDataError, UsageError
from nof0_core.plugins import load_plugins
from nof0_core.plugins.companion import Companion, CompanionEnv
from nof0_core.plugins.env import Logger
from nof0_core.redaction import Redactor
from nof0_core.runtime.engine import Engine, open_engine
from nof0_core.runtime.lock import prepare
from nof0_core.runtime.logs import logging_to
from nof0_core.runtime.preview import haste, preflight

Lag = Callable[[], Mapping[str, int]]
Beside = Callable[[Lag], AbstractAsyncContextManager[object]]
"""Opens what runs beside the engine, given how to ask how far exporters are behind."""

INTERRUPTED = 130
LINE_EVERY = 10.0
"""Seconds of real time between two lines where there is no terminal to draw on."""


@click.command()
@config_argument
@data_dir_option
@click.option(
    "--cycles",
    type=click.IntRange(min=1),
    help="Stop when the fastest trader has done this many; a recorded market runs at full speed.",
)
@click.option("--for", "duration", help="Stop after this much real time: 30s, 10m, 2h.")
@click.option(
    "--with",
    "companions",
    multiple=True,
    metavar="NAME",
    help="Run a companion beside it, as `nof0 plugins` lists them; may be given again.",
)
@click.option("--serve", is_flag=True, help="Serve API and dashboard too: short for --with serve.")
@click.option("-v", "--verbose", is_flag=True, help="Log debug lines too.")
def run(
    config_file: Path,
    data_dir: Path | None,
    cycles: int | None,
    duration: str | None,
    companions: tuple[str, ...],
    *,
    serve: bool,
    verbose: bool,
) -> None:
    """Trade as CONFIG says until stopped with Ctrl-C, or a recorded market ends.

    A second start on the same data directory goes on where the first one stopped.
    """
    wall_limit = _duration(duration) if duration else None
    config = configuration.load(config_file, load_plugins(), data_dir=data_dir)
    names = dict.fromkeys((*(["serve"] if serve else []), *companions))
    asked = [config.registry.companion(name) for name in names]
    preflight(config)
    prepare(config.state_dir)
    console = output.console()
    show: Callable[[str], object] = partial(
        Console(stderr=True, markup=False).print, soft_wrap=True
    )
    if console.is_terminal:
        show = lambda line: console.print(line, markup=False)  # noqa: E731
    for warning in config.warnings:
        show(f"note: {warning}")
    for note in haste(config) if cycles is None else ():
        show(f"note: {note}")
    redactor = Redactor(config.secrets)
    with logging_to(
        config.state_dir / "nof0.log", is_verbose=verbose, echo=show, redactor=redactor
    ) as log:
        env = partial(
            CompanionEnv,
            config_file=config_file,
            data_dir=data_dir,
            catalog=config.registry,
            say=show,
        )
        beside = [partial(_open_beside, one, env, log(one.name)) for one in asked]
        try:
            reason = anyio.run(_run, config, log, console, cycles, wall_limit, beside)
        except EndOfDataError as error:
            reason = str(error)
    _report(config, console, reason)
    if reason == "interrupted":
        raise SystemExit(INTERRUPTED)


def _open_beside(
    companion: Companion, env: Callable[..., CompanionEnv], log: Logger, lag: Lag
) -> AbstractAsyncContextManager[object]:
    return companion.open(env(lag=lag, log=log))


async def _run(
    config: Config,
    log: Callable[[str], Logger],
    console: Console,
    cycles: int | None,
    wall_limit: timedelta | None,
    beside: Sequence[Beside],
) -> str:
    async with AsyncExitStack() as stack:
        opened: list[Engine] = []
        lag: Lag = lambda: opened[0].exports.lag if opened else {}  # noqa: E731 - one expression
        for open_one in beside:
            await stack.enter_async_context(open_one(lag))
        engine = await stack.enter_async_context(
            open_engine(config, full_speed=cycles is not None, log=log)
        )
        opened.append(engine)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop_on_signal, engine)
            if wall_limit is not None:
                tasks.start_soon(_stop_after, engine, wall_limit)
            with _display(engine, console) as update:
                tasks.start_soon(_keep_exported, engine, update)
                reason = await engine.run(_Moments(engine, cycles))
            tasks.cancel_scope.cancel()
        return reason


class _Moments:
    """Called after each moment of the run: counts cycles."""

    def __init__(self, engine: Engine, cycles: int | None) -> None:
        self._engine = engine
        self._cycles = cycles

    def __call__(self, _: datetime) -> None:
        done = max((t.cycles for t in self._engine.manager.traders.values()), default=0)
        if self._cycles is not None and done >= self._cycles:
            self._engine.manager.stop(f"{done} cycles done")


async def _keep_exported(engine: Engine, update: Callable[[], None]) -> None:
    """Export and redraw now and then, in real time."""
    step = 1.0 if engine.is_recorded else engine.config.update_interval.total_seconds()
    while True:
        await pause(step)
        await engine.export()
        update()


async def _stop_on_signal(engine: Engine) -> None:
    """End in good order on the first Ctrl-C or SIGTERM, at once on the second."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if engine.manager.stop_reason:
                raise KeyboardInterrupt
            engine.manager.stop("interrupted")


async def _stop_after(engine: Engine, limit: timedelta) -> None:
    await pause(limit.total_seconds())
    engine.manager.stop(f"{limit} of real time are over")


class _Pacer:
    """Lets something happen at most once per so many seconds of real time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = stopwatch()

    def is_due(self) -> bool:
        """Return whether it is time again, and start counting anew if so."""
        now = stopwatch()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True


@contextmanager
def _display(engine: Engine, console: Console) -> Iterator[Callable[[], None]]:
    """Yield a function that shows the present state: a live table, or a line now and then."""
    title = f"{engine.config.name}: data in {engine.config.state_dir}"

    def cycles() -> int:
        return sum(trader.cycles for trader in engine.manager.traders.values())

    if console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:

            def draw() -> None:
                view = engine.views.all()
                table = status_table(view, title)
                table.caption = status_line(view, cycles())
                table.caption_justify = "left"
                live.update(table, refresh=True)

            draw()
            yield draw
        return
    pacer = _Pacer(LINE_EVERY)
    console.print(title, soft_wrap=True)

    def line() -> None:
        if pacer.is_due():
            console.print(status_line(engine.views.all(), cycles()))

    yield line
    console.print(status_line(engine.views.all(), cycles()))


def _report(config: Config, console: Console, reason: str) -> None:
    """Say why the run ended and how everybody did."""
    console.print(f"stopped: {reason}")
    known = {str(one.id): (one.name, one.model.name) for one in config.traders}
    rows = read_rows(data_path(config), known)
    console.print(render_leaderboard(rows, width=console.width))
    console.print(f"journal  {config.state_dir / 'journal'}", soft_wrap=True)
    console.print(f"exports  {config.data_path}", soft_wrap=True)


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text)
    if not found:
        message = f'--for: "{text}" is not a duration'
        raise UsageError(message, hints=("write 30s, 10m or 2h",))
    return timedelta(seconds=float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]])
