"""Running an engine over a made-up market until so much time has passed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import anyio
from opened import open_engine

from generated.project import EVERY, START, read_project, write_project
from generated.prompts import shared_prompts
from nof0_core.runtime.engine import Engine
from nof0_core.testing.environment import Lines

SEED = 7


def generate(
    folder: Path,
    *,
    traders: int,
    span: timedelta,
    seed: int = SEED,
    entries: float | None = None,
    every: timedelta = EVERY,
) -> None:
    """Make a data directory in `data` of an empty folder, with the configuration beside it.

    An engine runs as in `nof0 run`, as fast as it can: the market is made up, the model trades by
    lot, all else is real, and so are the records, their order and the exchange's own file. The same
    arguments give the same journal but for `wall`. An engine can go on from where it ends.

    Args:
        folder: where to; made if it is not there.
        traders: how many decide, on six coins.
        span: how long they do.
        seed: of the market and of what the model says.
        entries: chance to enter per cycle; None: that of about 200 trades a month at three minutes.
        every: how long from one decision to the next, whole minutes or hours.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_project(folder, traders=traders, span=span, seed=seed, entries=entries, every=every)
    anyio.run(_run, folder, START + span)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Engine]:
    """Open an engine on what `write_project` or `generate` has left in a folder."""
    async with open_engine(read_project(folder), full_speed=True, log=lambda _: Lines()) as engine:
        yield engine


def stop_at(engine: Engine, end: datetime) -> Callable[[datetime], None]:
    """Return what stops a run once its clock has come so far."""

    def after(moment: datetime) -> None:
        if moment >= end:
            engine.manager.stop("long enough")

    return after


async def _run(folder: Path, end: datetime) -> None:
    async with opened(folder) as engine:
        with shared_prompts():
            await engine.run(stop_at(engine, end))
