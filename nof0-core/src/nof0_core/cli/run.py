"""`nof0 run`: trade."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import click
from rich.console import Console

from nof0_core.cli import output
from nof0_core.cli.going_live import agree
from nof0_core.cli.options import config_argument, data_dir_option
from nof0_core.cli.run_argument import named
from nof0_core.cli.session import Lag, Quarantine, Session
from nof0_core.errors import UsageError
from nof0_core.execution.limits import LIMITS
from nof0_core.plugins.companion import Companion, CompanionEnv
from nof0_core.plugins.env import Logger
from nof0_core.project import load_config
from nof0_core.project.configuration import load_again
from nof0_core.redaction import Redactor
from nof0_core.runtime.daily_cost import cost_per_day
from nof0_core.runtime.heap import share_one_arena
from nof0_core.runtime.lock import prepare
from nof0_core.runtime.logs import keep_trace, logging_to
from nof0_core.runtime.preview import caveats, haste, one_at_a_time, preflight
from nof0_core.runtime.unchanged import without_effect


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
@click.option(
    "--yes",
    is_flag=True,
    help="Trade at venues without asking; for services, which have nobody to ask.",
)
@click.option(
    "--standby",
    is_flag=True,
    help="Wait where another engine runs this, and take over once it is gone (Postgres.Lease).",
)
@click.option("-v", "--verbose", is_flag=True, help="Log debug lines too.")
def run(
    config_file: Path,
    data_dir: Path | None,
    cycles: int | None,
    duration: str | None,
    companions: tuple[str, ...],
    *,
    serve: bool,
    yes: bool,
    standby: bool,
    verbose: bool,
) -> None:
    """Trade as CONFIG says until stopped with Ctrl-C, or a recorded market ends.

    A second start on the same data directory goes on where the first one stopped.
    """
    share_one_arena()
    wall_limit = _duration(duration) if duration else None
    config = load_config(config_file, data_dir=data_dir)
    if standby and not config.is_leased:
        message = "--standby waits for a lease, and Postgres.Lease is not set"
        raise UsageError(message, hints=("set `Lease: true` under Postgres in the main file",))
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
    show = partial(_tell, show)
    for warning in (*config.warnings, *config.misfits):
        show(f"note: {warning}")
    hurried = haste(config) if cycles is None else []
    changed = without_effect(config)
    alone = one_at_a_time(config, full_speed=cycles is not None)
    for note in (*changed, *hurried, *alone, *caveats(config), *cost_per_day(config)):
        show(f"note: {note}")
    agree(config, is_agreed=yes, show=show)
    redactor = Redactor(config.secrets)
    known = threading.enumerate()
    with logging_to(
        config.state_dir / "nof0.log",
        is_verbose=verbose,
        echo=show,
        redactor=redactor,
        settings=config.logging,
    ) as log:
        env = partial(
            CompanionEnv,
            config_file=config_file,
            data_dir=data_dir,
            catalog=config.registry,
            say=show,
        )
        beside = {one.name: partial(_open_beside, one, env, log(one.name)) for one in asked}
        load = partial(load_again, config, config_file, data_dir=data_dir)
        words = named(config_file, data_dir)
        session = Session(
            config,
            log("engine"),
            console,
            limits=LIMITS,
            load=load,
            words=words,
            is_standby=standby,
        )
        try:
            anyio.run(session.live, log, cycles, wall_limit, beside)
        except Exception as error:
            keep_trace(log("run"), error)
            raise
        finally:
            session.settle(known)
    if session.code:
        raise SystemExit(session.code)


def _tell(show: Callable[[str], object], line: str) -> None:
    """Show a line; a terminal that is gone ends no run, and the log has it all the same."""
    with suppress(OSError):
        show(line)


def _open_beside(
    companion: Companion,
    env: Callable[..., CompanionEnv],
    log: Logger,
    lag: Lag,
    quarantine: Quarantine,
) -> AbstractAsyncContextManager[object]:
    return companion.open(env(lag=lag, quarantine=quarantine, log=log))


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h)", text)
    if not found:
        message = f'--for: "{text}" is not a duration'
        raise UsageError(message, hints=("write 30s, 10m or 2h",))
    return timedelta(seconds=float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]])
