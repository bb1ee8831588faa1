"""What long runs of many traders cost: `python tests/benchmarks/long_run.py`.

    long_run.py [FOLDER] [--span day|week|month|year] [--traders 20] [--every 3] [--seed 7]

Measures what `generated.run.generate` left in FOLDER; where that is not there, or none is named, it
is made first, at about 2 ms of CPU time per cycle; with fewer decisions (--every 60) it has as many
trades and hours. Prints bytes of the journal by type, and what compressed days take; what a start
takes without and with a checkpoint; the memory of an engine that has started and exported above
that of one with an empty directory; and what one round of exports takes, after one more cycle of
each trader (which FOLDER then has, too). What starts runs in a process of its own. Compare numbers
of one run only.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import anyio

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from generated.model import ENTRIES  # noqa: E402
from generated.project import DATA, EVERY, SPANS, read_project  # noqa: E402
from generated.run import SEED, generate, opened, stop_at  # noqa: E402

from nof0_core.clock import pause, stopwatch  # noqa: E402
from nof0_core.journal import records  # noqa: E402
from nof0_core.journal.days import read_days  # noqa: E402
from nof0_core.runtime.past import open_journal, open_past, rebuild  # noqa: E402
from nof0_core.state.engine_state import EngineState  # noqa: E402
from nof0_core.testing.environment import Lines  # noqa: E402

YEAR = timedelta(days=365)


class Took:
    """What a step took: seconds of real time and of CPU."""

    wall = cpu = 0.0

    def __str__(self) -> str:
        return f"{self.wall:8.2f} s wall {self.cpu:8.2f} s CPU"


@contextmanager
def taking() -> Iterator[Took]:
    """Measure what is done while the context lasts."""
    took, wall, cpu = Took(), stopwatch(), time.process_time()
    yield took
    took.wall, took.cpu = stopwatch() - wall, time.process_time() - cpu


# --- the journal --------------------------------------------------------------------------------


def journal(folder: Path) -> None:
    """Print the bytes of the journal by type, and what is on disk of a closed day and a year."""
    root = folder / DATA / "journal"
    count: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for record in records(root, {}):
        count[record.type] += 1
        size[record.type] += len(record.line) + 1
    whole = sum(size.values())
    print(f"\n{'journal':20} {'records':>10} {'MB':>10} {'each':>8} {'part':>7}")
    for kind, taken in size.most_common():
        each, part = taken / count[kind], taken / whole
        print(f"{kind:20} {count[kind]:10,} {taken / 1e6:10.2f} {each:8,.0f} {part:7.2%}")
    print(f"{'all':20} {sum(count.values()):10,} {whole / 1e6:10.2f}")
    packed = [
        (entry.bytes, entry.packed_bytes, day)
        for days in (read_days(root) or {}).values()
        for day, entry in days.items()
        if entry.packed_bytes
    ]
    if not packed:
        return
    content, disk = (sum(each[place] for each in packed) for place in (0, 1))
    days = len({day for *_, day in packed})
    year = disk / days * (YEAR / timedelta(days=1))
    print(
        f"compressed days: {days}, {content / days / 1e6:.2f} MB each, {disk / days / 1e6:.2f} MB "
        f"on disk; a year {year / 1e9:.2f} GB"
    )


# --- a start ------------------------------------------------------------------------------------


def reading(folder: Path) -> dict[str, object]:
    """Open the journal and rebuild what it tells."""
    config = read_project(folder)
    with taking() as whole, open_journal(config, Lines()) as found:
        rebuild(EngineState(), found)
    with taking() as recalled:
        past = open_past(config, Lines())
    past.journal.close()
    return {"all of it is read": str(whole), "from a checkpoint": str(recalled)}


async def starting(folder: Path) -> dict[str, object]:
    """Start an engine, let all decide once more and export what came of it."""
    wall, cpu = stopwatch(), time.process_time()
    async with opened(folder) as engine:
        await engine.manager.catch_up()
        started = Took()
        started.wall, started.cpu = stopwatch() - wall, time.process_time() - cpu
        with taking() as first:
            before = written()
            engine.export()
            await until_exported(engine)
            all_bytes = written() - before
        end = engine.clock.now() + EVERY
        await engine.manager.run(stop_at(engine, end))
        engine.recorder.commit()
        with taking() as next_one:
            before = written()
            engine.export()
            await until_exported(engine)
            new_bytes = written() - before
        memory = resident()
    return {
        "memory": memory,
        "an engine is ready": str(started),
        "its first export": f"{first} {all_bytes / 1e6:10.3f} MB written",
        "and the next one": f"{next_one} {new_bytes / 1e6:10.3f} MB written",
    }


async def until_exported(engine: object) -> None:
    """Wait until every exporter has all there is."""
    while any(state.behind or state.trouble for state in engine.exports.states):
        await pause(0.005)


def resident() -> float:
    """Return how many MB of this process are in memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def written() -> int:
    """Return how many bytes this process has written."""
    found = re.search(r"wchar: (\d+)", Path("/proc/self/io").read_text())
    assert found is not None
    return int(found[1])


def child(what: str, folder: Path) -> dict[str, object]:
    """Measure in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, str(folder), "--child", what], check=True, capture_output=True
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def start(folder: Path) -> None:
    """Print what a start on a data directory takes."""
    print()
    for step, took in child("reading", folder).items():
        print(f"{step:20} {took}")
    with tempfile.TemporaryDirectory() as name:
        empty = Path(name) / "empty"
        shutil.copytree(folder, empty, ignore=shutil.ignore_patterns(DATA))
        nothing = child("starting", empty).pop("memory")
    found = child("starting", folder)
    memory = found.pop("memory")
    for step, took in found.items():
        print(f"{step:20} {took}")
    assert isinstance(memory, float)
    assert isinstance(nothing, float)
    print(f"{'memory':20} {memory:8.0f} MB, {memory - nothing:.0f} above an empty engine")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--span", choices=SPANS, default="day")
    parser.add_argument("--traders", type=int, default=20)
    parser.add_argument("--every", type=int, default=3, help="minutes between two decisions")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--child", choices=("reading", "starting"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child == "reading":
        print(json.dumps(reading(wanted.folder)))
        return
    if wanted.child == "starting":
        print(json.dumps(anyio.run(starting, wanted.folder)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = wanted.folder or Path(name) / "run"
        if not folder.exists():
            with taking() as took:
                every = timedelta(minutes=wanted.every)
                generate(
                    folder,
                    traders=wanted.traders,
                    span=SPANS[wanted.span],
                    seed=wanted.seed,
                    every=every,
                    # As many trades, however many decisions.
                    entries=ENTRIES * (every / EVERY),
                )
            cycles = wanted.traders * SPANS[wanted.span] / every
            print(f"a {wanted.span} of {wanted.traders} traders: {took}, {cycles:,.0f} cycles")
        journal(folder)
        start(folder)


if __name__ == "__main__":
    main()
