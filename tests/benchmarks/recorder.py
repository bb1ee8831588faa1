"""What writing something down costs, and a start: `python tests/benchmarks/recorder.py [CYCLES]`.

Runs the shipped configuration, then writes all its events a second time, through a recorder of its
own, and opens what came of it. Numbers of one machine may be compared with each other.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import anyio

from nof0_core import config as configuration
from nof0_core.clock import SimulatedClock, stopwatch
from nof0_core.domain.event import GapFound
from nof0_core.journal import Journal
from nof0_core.plugins import load_plugins
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder
from nof0_core.testing.environment import Lines

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from opened import open_engine  # noqa: E402


def live(data: Path, cycles: int) -> None:
    """Run the shipped configuration until a trader has decided so often."""
    config = configuration.load(ROOT / "etc" / "nof0.yaml", load_plugins(), data_dir=data)

    async def main() -> None:
        async with open_engine(config, full_speed=True, log=lambda _: Lines()) as engine:
            traders = engine.manager.traders.values()

            def after(_: object) -> None:
                if max(t.cycles for t in traders) >= cycles:
                    engine.manager.stop("done")

            await engine.manager.run(after)

    anyio.run(main)


def again(source: Path, target: Path) -> None:
    """Record what another journal holds, and print what each kind of event cost."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    with Journal.open(source) as read, Journal.open(target) as journal:
        clock: SimulatedClock | None = None
        for event in read.read():
            if isinstance(event.body, GapFound):
                continue
            if clock is None:
                clock = SimulatedClock(event.time)
                recorder = Recorder(
                    events=journal,
                    durability=Durability.BUFFER,
                    state=EngineState(),
                    clock=clock,
                    log=Lines(),
                )
            clock._now = max(clock._now, event.time)
            start = stopwatch()
            recorder.record(event.stream, event.body)
            times[event.body.type].append(stopwatch() - start)
            times["all"].append(times[event.body.type][-1])
            recorder.commit()
    for kind, spent in sorted(times.items()):
        print(
            f"  {kind:16} median {1e6 * statistics.median(spent):7.1f} µs   "
            f"mean {1e6 * statistics.mean(spent):7.1f} µs   {len(spent):6d} records"
        )


def start(source: Path) -> None:
    """Print what opening a journal takes, and rebuilding what it tells."""
    opened, rebuilt = [], []
    for _ in range(5):
        begin = stopwatch()
        with Journal.open(source) as journal:
            opened.append(stopwatch() - begin)
            state = EngineState()
            for event in journal.read():
                state.apply(event)
            rebuilt.append(stopwatch() - begin - opened[-1])
            size = sum(path.stat().st_size for path in source.rglob("*.jsonl"))
            print(
                f"  {journal.last_seq} records, {size / 1e6:.1f} MB: opened in {opened[-1]:.3f} s, "
                f"rebuilt in {rebuilt[-1]:.3f} s"
            )


def main() -> None:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        live(folder / "run", cycles)
        print("written again")
        again(folder / "run" / "journal", folder / "again")
        print("a start")
        start(folder / "run" / "journal")


if __name__ == "__main__":
    main()
