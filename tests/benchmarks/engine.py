"""What a cycle costs: `python tests/benchmarks/engine.py [CYCLES]`.

Runs the shipped configuration on the recorded market at full speed, once with its own rule-based
models and once with a model that reads its prompt and answers as text, and prints medians per
stage. Numbers of one run may be compared with each other; those of different machines may not.
"""

from __future__ import annotations

import functools
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Self

import anyio

from nof0_core import config as configuration
from nof0_core.clock import stopwatch
from nof0_core.decision import DecisionMaker
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.journal import Journal
from nof0_core.manager.cycle import CycleRunner
from nof0_core.market.feed import MarketFeed
from nof0_core.plugins import load_plugins
from nof0_core.prompts import PromptBook
from nof0_core.risk.gate import RiskGate
from nof0_core.runtime.exporting import Exporting
from nof0_core.state.engine_state import EngineState
from nof0_core.testing.environment import Lines

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from opened import open_engine  # noqa: E402

READER = Path(__file__).with_name("reader.py")
STAGES = (
    (MarketFeed, "moment", "context: market moment (shared)"),
    (PromptBook, "render", "render: prompt of six coins"),
    (DecisionMaker, "decide", "decide: model, parse, gate"),
    (RiskGate, "judge", "gate"),
    (ExecutionEngine, "submit", "orders of a cycle"),
    (ExecutionEngine, "sync", "venue: sync"),
    (EngineState, "apply", "ledger: one event"),
    (Journal, "append", "journal: one record"),
    (Journal, "flush", "journal: write"),
    (Exporting, "_catch_up", "export: one round of one exporter"),
)


class Stopwatches:
    """Times every call of the stages, in seconds, and each cycle by whether it ordered."""

    def __init__(self) -> None:
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self._kept = [(owner, name, getattr(owner, name)) for owner, name, _ in STAGES]
        self._kept.append((CycleRunner, "run", CycleRunner.run))

    def __enter__(self) -> Self:
        for owner, name, label in STAGES:
            setattr(owner, name, self._timed(getattr(owner, name), label))
        CycleRunner.run = self._cycle(CycleRunner.run)  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name, method in self._kept:
            setattr(owner, name, method)

    def _timed(self, method, label):
        times = self.times[label]
        if method.__code__.co_flags & 0x80:

            @functools.wraps(method)
            async def waited(*args, **kwargs):
                start = stopwatch()
                try:
                    return await method(*args, **kwargs)
                finally:
                    times.append(stopwatch() - start)

            return waited

        @functools.wraps(method)
        def called(*args, **kwargs):
            start = stopwatch()
            try:
                return method(*args, **kwargs)
            finally:
                times.append(stopwatch() - start)

        return called

    def _cycle(self, run):
        async def timed(runner, trader, scheduled, calls):
            orders = len(self.times["orders of a cycle"])
            start = stopwatch()
            status = await run(runner, trader, scheduled, calls)
            ordered = len(self.times["orders of a cycle"]) > orders
            label = "cycle that orders" if ordered else "cycle that holds"
            self.times[label].append(stopwatch() - start)
            self.times["cycle"].append(stopwatch() - start)
            return status

        return timed


def measure(config_file: Path, cycles: int, data: Path) -> None:
    config = configuration.load(config_file, load_plugins(), data_dir=data)

    async def main() -> tuple[int, float]:
        async with open_engine(config, full_speed=True, log=lambda _: Lines()) as engine:
            traders = engine.manager.traders.values()

            def after(_: object) -> None:
                if max(t.cycles for t in traders) >= cycles:
                    engine.manager.stop("done")

            start = stopwatch()
            await engine.manager.run(after)
            took = stopwatch() - start
            await engine.exports.finish(engine.export())
            return sum(t.cycles for t in traders), took

    done, took = anyio.run(main)
    print(f"  {done} cycles in {took:.2f} s without stopwatches: {done / took:,.0f} cycles/s")
    shutil.rmtree(data)
    with Stopwatches() as watches:
        anyio.run(main)
    rows = ["cycle", "cycle that holds", "cycle that orders", *(label for _, _, label in STAGES)]
    for label in rows:
        times = sorted(watches.times[label])
        if times:
            p99 = times[int(0.99 * (len(times) - 1))]
            print(
                f"  {label:34} median {1e6 * statistics.median(times):8.1f} µs   "
                f"p99 {1e6 * p99:9.1f} µs   {len(times):6d} calls"
            )


def start_up() -> None:
    def run(*command: str) -> float:
        times = []
        for _ in range(9):
            start = stopwatch()
            subprocess.run([sys.executable, *command], check=True, capture_output=True)
            times.append(stopwatch() - start)
        return statistics.median(times)

    bare, full = run("-c", "pass"), run("-m", "nof0_core", "--help")
    print(f"start-up: bare interpreter {1e3 * bare:.0f} ms, nof0 --help {1e3 * full:.0f} ms")


def reading_project(folder: Path) -> Path:
    """Copy the shipped configuration with all models replaced by one that reads its prompt."""
    shutil.copytree(ROOT / "etc", folder / "etc")
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    shutil.copy(READER, folder / "etc" / "reader.py")
    main, llm = folder / "etc" / "nof0.yaml", folder / "etc" / "llm.yaml"
    main.write_text(main.read_text() + "\nPlugins: [./reader.py]\n")
    names = configuration.load(ROOT / "etc" / "nof0.yaml", load_plugins()).models
    first = next(iter(names))
    models = "\n".join(f"  {name}:\n    backend: reader" for name in names)
    llm.write_text(f"default_model: {first}\nmodels:\n{models}\n")
    return main


def main() -> None:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    start_up()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print("rule-based models")
        measure(ROOT / "etc" / "nof0.yaml", cycles, folder / "rules")
        print("a model that reads its prompt and answers in text")
        measure(reading_project(folder), cycles, folder / "reads")


if __name__ == "__main__":
    main()
