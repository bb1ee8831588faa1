"""What the live path costs: `python tests/benchmarks/live.py [CHECKOUT …] [--rounds N]`.

Each CHECKOUT (this one) runs the shipped configuration in a process of its own, on a clock that is
not in lockstep but jumps as soon as nobody works: with its rule-based models, with models that
read their prompt and answer in text, and with a single one of those, for which everything is new at
each moment. The processes take turns, so that work beside them disturbs all alike. Prints medians
of CPU time of the thread, in µs, and for a second checkout its share of the first: cycles that
hold and that order, prompts, syncs with and without positions, looks at what people ask for, and
records (nothing waits for the disk). `tests/benchmarks/llm.py` has what many waiting traders add.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("nof0-core", "nof0-provider-sim", "nof0-provider-hyperliquid", "nof0-llm", "nof0-api")
KINDS = ("rules", "prompt", "alone")
CYCLES = 40
"""Moments of a turn."""
WARM = 20
"""Moments before the first turn."""
ROWS = (
    ("rules", "cycle that holds"),
    ("rules", "cycle that orders"),
    ("rules", "sync, nothing held"),
    ("rules", "sync, positions held"),
    ("rules", "look at requests"),
    ("rules", "guard"),
    ("rules", "record: cycle"),
    ("rules", "record: market"),
    ("prompt", "cycle that holds"),
    ("prompt", "prompt"),
    ("prompt", "record: cycle"),
    ("alone", "cycle that holds"),
    ("alone", "prompt"),
    ("alone", "market moment"),
)


class Spent(defaultdict[str, list[float]]):
    """CPU time of the thread by what it was spent on, in µs."""

    def __init__(self) -> None:
        super().__init__(list)

    def called(self, owner: type, name: str, label) -> None:
        """Measure every call of a method; `label(arguments)` says what it counts as."""
        method = getattr(owner, name)

        @functools.wraps(method)
        def measured(*args, **kwargs):
            begin = time.thread_time_ns()
            try:
                return method(*args, **kwargs)
            finally:
                self[label(args)].append((time.thread_time_ns() - begin) / 1000)

        setattr(owner, name, measured)

    def awaited(self, owner: type, name: str, label, *, is_known_before: bool = False) -> None:
        """Measure a method that waits, without what others do meanwhile."""
        method = getattr(owner, name)

        @functools.wraps(method)
        async def measured(*args, **kwargs):
            steps: list[float] = []
            before = label(args) if is_known_before else ""
            try:
                return await _stepped(method(*args, **kwargs), steps)
            finally:
                self[before or label(args)].append(sum(steps))

        setattr(owner, name, measured)


@types.coroutine
def _stepped(coroutine, steps: list[float]):
    value = error = None
    while True:
        begin = time.thread_time_ns()
        try:
            asked = coroutine.send(value) if error is None else coroutine.throw(error)
        except StopIteration as done:
            return done.value
        finally:
            steps.append((time.thread_time_ns() - begin) / 1000)
        value = error = None
        try:
            value = yield asked
        except BaseException as raised:  # noqa: BLE001 - handed on
            error = raised


def hurried(start: datetime) -> Any:
    """Return a clock that is not in lockstep and jumps when every task waits."""
    import anyio

    class Hurried:
        is_lockstep = False

        def __init__(self) -> None:
            self._now = start

        def now(self) -> datetime:
            return self._now

        async def sleep_until(self, moment: datetime) -> None:
            await anyio.wait_all_tasks_blocked()
            self._now = max(self._now, moment)

    return Hurried()


def measure(spent: Spent) -> None:
    """Measure the parts of a run from now on."""
    from nof0_core.execution.engine import ExecutionEngine
    from nof0_core.journal import Journal
    from nof0_core.manager.cycle import CycleRunner
    from nof0_core.manager.syncs import VenueDuties
    from nof0_core.market.feed import MarketFeed
    from nof0_core.prompts import PromptBook

    ordered: list[None] = []

    def submitted(_) -> str:
        ordered.append(None)
        return "orders"

    def cycle(_) -> str:
        label = "cycle that orders" if ordered else "cycle that holds"
        ordered.clear()
        return label

    def sync(args) -> str:
        duties, venue_account = args
        has = any(duties._recorder.state.positions(venue_account))
        return "sync, positions held" if has else "sync, nothing held"

    spent.awaited(ExecutionEngine, "submit", submitted)
    spent.awaited(CycleRunner, "run", cycle)
    spent.awaited(MarketFeed, "moment", lambda _: "market moment")
    spent.awaited(VenueDuties, "sync", sync, is_known_before=True)
    spent.awaited(VenueDuties, "listen", lambda _: "look at requests")
    spent.awaited(VenueDuties, "guard", lambda _: "guard")
    spent.called(PromptBook, "render", lambda _: "prompt")
    spent.called(Journal, "append", lambda args: f"record: {args[3].type}")


@asynccontextmanager
async def opened(config: Any) -> AsyncIterator[Any]:
    """Open an engine on the hurried clock, also in a checkout that does it in one piece."""
    from nof0_core.runtime import clocks
    from nof0_core.testing.environment import Lines

    clock = hurried(config.clock.start)
    if not hasattr(clocks, "driver_on"):
        from nof0_core.domain.vocabulary import ClockKind
        from nof0_core.runtime import engine

        clocks.choose = lambda *_, **__: clock
        vars(clocks)["kind"] = lambda _: ClockKind.SCALED
        whole = vars(engine)["open_engine"]
        async with whole(config, full_speed=True, log=lambda _: Lines()) as made:
            yield made
        return
    from nof0_core.runtime.assemble import assemble
    from nof0_core.runtime.services import open_services

    driver = clocks.driver_on(clock)
    async with open_services(config, lambda _: driver, log=lambda _: Lines()) as services:
        yield assemble(services, driver)


def work(kind: str, folder: Path) -> None:
    """Run one configuration; a turn for each line that comes in, told in a line."""
    import anyio

    from nof0_core import config as configuration
    from nof0_core.plugins import load_plugins

    os.fsync = lambda _: None
    spent = Spent()
    measure(spent)
    config = configuration.load(prepared(kind, folder), load_plugins(), data_dir=folder / "data")

    async def main() -> None:
        async with opened(config) as engine:
            traders = engine.manager.traders.values()
            wanted = WARM

            def after(_: object) -> None:
                nonlocal wanted
                if max(t.cycles for t in traders) < wanted:
                    return
                print(json.dumps(spent), flush=True)
                spent.clear()
                if sys.stdin.readline().strip() != "go":
                    engine.manager.stop("done")
                wanted += CYCLES

            await engine.manager.run(after)

    anyio.run(main)


def prepared(kind: str, folder: Path) -> Path:
    """Copy the shipped configuration for a kind of run, and return its main file."""
    source = Path(os.environ["NOF0_BENCHED"])
    shutil.copytree(source / "etc", folder / "etc")
    shutil.copytree(source / "prompts", folder / "prompts")
    main = folder / "etc" / "nof0.yaml"
    if kind == "rules":
        return main
    from nof0_core import config as configuration
    from nof0_core.plugins import load_plugins

    names = configuration.load(main, load_plugins(), data_dir=folder / "none").models
    shutil.copy(Path(__file__).with_name("reader.py"), folder / "etc" / "reader.py")
    main.write_text(main.read_text() + "\nPlugins: [./reader.py]\n")
    models = "\n".join(f"  {name}:\n    backend: reader" for name in names)
    first = next(iter(names))
    (folder / "etc" / "llm.yaml").write_text(f"default_model: {first}\nmodels:\n{models}\n")
    if kind == "alone":
        manager = folder / "etc" / "manager.yaml"
        head, _, rest = manager.read_text().partition("traders:\n")
        trader = (
            "traders:\n  - id: alone\n    name: Alone\n    exchange_provider: paper_trading\n"
            "    market_provider: recorded\n    prompt_template: prompts/manager/default.tmpl\n"
            "    executor_prompt_template: prompts/executor/default_prompt.tmpl\n"
            f"    model: {first}\n    decision_interval: 3m\n    allocation_pct: 15\n\n"
        )
        manager.write_text(head + trader + rest[rest.index("\nmonitoring:") :])
    return main


class Runner:
    """A process that runs one kind of one checkout, by turns."""

    def __init__(self, checkout: Path, kind: str, folder: Path) -> None:
        source = [str(checkout / package / "src") for package in PACKAGES]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(source),
            "NOF0_BENCHED": str(checkout),
        }
        folder.mkdir(parents=True)
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--work", kind, str(folder)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.turn(first=True)

    def turn(self, *, first: bool = False) -> dict[str, list[float]]:
        """Let it run for a turn, and return what was measured in it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if not first:
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        found: dict[str, list[float]] = json.loads(self._process.stdout.readline())
        return found

    def end(self) -> None:
        """Let it end."""
        self._process.communicate("end\n")


def compare(checkouts: list[Path], rounds: int, kinds: list[str]) -> None:
    """Run all kinds of all checkouts by turns, and print the medians of all their turns."""
    all_found: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        for kind in kinds:
            runners = [
                Runner(checkout, kind, Path(scratch) / f"{kind}{number}")
                for number, checkout in enumerate(checkouts)
            ]
            for turn in range(rounds):
                order = list(enumerate(runners))
                for number, runner in order if turn % 2 else reversed(order):
                    for label, times in runner.turn().items():
                        all_found[number, kind, label] += times
            for runner in runners:
                runner.end()
    for kind, label in ROWS:
        if kind not in kinds:
            continue
        medians = []
        for number in range(len(checkouts)):
            times = all_found[number, kind, label] or [float("nan")]
            medians.append(statistics.median(times))
        calls = len(all_found[0, kind, label])
        columns = "".join(f"{each:10.1f}" for each in medians)
        share = f"   {medians[-1] / medians[0]:5.2f}" if len(medians) > 1 else ""
        print(f"{kind:7} {label:22}{columns} µs{share}   {calls:6d} calls")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkouts", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--work", nargs=2)
    chosen = parser.parse_args()
    if chosen.work:
        work(chosen.work[0], Path(chosen.work[1]))
        return
    checkouts = [path.resolve() for path in chosen.checkouts] or [ROOT]
    compare(checkouts, chosen.rounds, chosen.kind or list(KINDS))


if __name__ == "__main__":
    main()
