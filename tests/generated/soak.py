"""Months of a run with a database, a Redis and metrics beside it, and what they take day by day.

    PYTHONPATH=tests python -m generated.soak FOLDER REDIS [--days 168] [--traders 20] [--every 60]

Runs an engine of `write_project` in lockstep in an empty FOLDER, with the `sql` exporter on an
SQLite file, the `redis` exporter on the server REDIS (host:port), `prometheus` and the files of the
API. At each midnight the run waits until all exporters have everything, and prints a line of JSON:

    {"day", "records", "rss", "behind", "waited", "wrote", "failures"}

`records` are those of the journal so far; `rss` MB held once everything is exported; `behind`
the most records an exporter lacked in the day; `waited` real seconds until none lacked any; `wrote`
bytes the process wrote in the day; `failures` calls to exporters that failed so far.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import anyio
from opened import open_engine

from generated import model
from generated.project import START, read_project, write_project
from generated.prompts import shared_prompts
from generated.run import SEED, stop_at
from nof0_core.clock import pause, stopwatch
from nof0_core.domain.measured import ExporterState
from nof0_core.manager.drivers.driver import Duties
from nof0_core.manager.drivers.waiting import Waiting
from nof0_core.runtime.engine import Engine
from nof0_core.runtime.heap import share_one_arena

DAY = timedelta(days=1)
MAIN = "nof0.yaml"
CHECKED = "checked.yaml"
"""The same main file for commands, which have to be told where the model is."""


class Said:
    """A logger that keeps nothing: what is worth a look is said on standard error."""

    def debug(self, event: str, **values: object) -> None:
        """Leave it out."""

    info = debug

    def warning(self, event: str, **values: object) -> None:
        """Say it."""
        print(event, values, file=sys.stderr, flush=True)  # noqa: T201 - for whoever has started it

    error = warning


class Midnights(Waiting):
    """Waits for what is due next, and at midnight for the exporters, too."""

    def __init__(self, engine: Engine, tell: Callable[[dict[str, object]], None]) -> None:
        super().__init__(engine.clock)
        self._engine = engine
        self._tell = tell
        self._day = engine.clock.now()
        self._most = 0
        self._wrote = _counter("io", "wchar")

    async def next(self, duties: Duties) -> bool:
        """Wait as `Waiting` does; the first moment of a day begins with nothing left to export."""
        goes_on = await super().next(duties)
        self._most = max(self._most, *(one.behind for one in self._exports))
        if duties.schedule.next_due - self._day >= DAY:
            self._day += DAY
            await self._balance(self._day)
        return goes_on

    @property
    def _exports(self) -> tuple[ExporterState, ...]:
        return self._engine.exports.states

    async def _balance(self, day: datetime) -> None:
        began = stopwatch()
        self._engine.export()
        while any(one.behind for one in self._exports):
            # One that fails is tried again, and counted: who reads the lines judges it.
            await pause(0.005)
        waited = stopwatch() - began
        gc.collect()
        _return_what_is_free()
        wrote = _counter("io", "wchar")
        self._tell(
            {
                "day": f"{day:%Y-%m-%d}",
                "records": self._engine.journal.last_seq,
                "rss": round(_counter("status", "VmRSS") / 1024, 1),
                "behind": self._most,
                "waited": round(waited, 3),
                "wrote": wrote - self._wrote,
                "failures": sum(one.failures for one in self._exports),
            }
        )
        self._most, self._wrote = 0, wrote


def _return_what_is_free() -> None:
    """Let the C library give back what nobody holds: its holes grow with chance, not with time."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _counter(file: str, name: str) -> int:
    """Return a number this process's kernel keeps of it."""
    found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/self/{file}").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def write(folder: Path, redis: str, *, traders: int, span: timedelta, seed: int, every: timedelta):
    """Write the project, with its exporters, into an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # As many trades as at the usual rhythm, but not more than a coin needs to rest.
    entries = min(0.2, model.ENTRIES * (every / timedelta(minutes=3)))
    write_project(folder, traders=traders, span=span, seed=seed, every=every, entries=entries)
    main = json.loads((folder / MAIN).read_text())
    main["Postgres"] = {"DataSource": f"sqlite:///{folder / 'nof0.db'}"}
    main["Cache"] = [{"Host": redis, "Type": "node"}]
    (folder / MAIN).write_text(json.dumps(main, indent=1))
    (folder / CHECKED).write_text(json.dumps(main | {"Plugins": [model.__file__]}, indent=1))
    manager = json.loads((folder / "manager.yaml").read_text())
    manager["monitoring"]["metrics_exporter"] = "prometheus"
    (folder / "manager.yaml").write_text(json.dumps(manager, indent=1))


async def run(folder: Path, end: datetime) -> None:
    """Run what is there, and print a line for each day."""

    def tell(line: dict[str, object]) -> None:
        print(json.dumps(line), flush=True)  # noqa: T201 - whoever has started it reads it

    config = read_project(folder)
    async with open_engine(config, full_speed=True, log=lambda _: Said()) as engine:
        engine.manager.driver.waiting = Midnights(engine, tell)
        with shared_prompts():
            await engine.run(stop_at(engine, end))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("redis")
    parser.add_argument("--days", type=int, default=168)
    parser.add_argument("--traders", type=int, default=20)
    parser.add_argument("--every", type=int, default=60, help="minutes between two decisions")
    parser.add_argument("--seed", type=int, default=SEED)
    wanted = parser.parse_args()
    span = wanted.days * DAY
    every = timedelta(minutes=wanted.every)
    folder = wanted.folder.resolve()
    share_one_arena()  # As `nof0 run` does.
    write(folder, wanted.redis, traders=wanted.traders, span=span, seed=wanted.seed, every=every)
    anyio.run(run, folder, START + span)


if __name__ == "__main__":
    main()
