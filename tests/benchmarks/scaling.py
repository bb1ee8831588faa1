"""What a trader and an exchange account cost on one machine, and what a lease does.

    python tests/benchmarks/scaling.py [SECONDS]

Engines on paper and the machine's clock, each trader with a rule that decides every second, each
account looked at every second: processor time and memory of the process, between a short and a long
run, so that the start is not counted. It also measures a renewal of the leases on a PostgreSQL of
its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import live_project
import yaml

from nof0_core.clock import stopwatch

SHORT = 8
CASES = ((1, 1), (10, 1), (40, 1), (10, 5), (10, 10))
"""Traders and accounts."""


def write(root: Path, traders: int, accounts: int) -> Path:
    """Write a project of so many traders, shared out among so many paper accounts."""
    main = live_project.write(root)
    manager = yaml.safe_load((root / "etc" / "manager.yaml").read_text())
    one = manager["traders"][0]
    share = 80 / traders
    manager["traders"] = [
        {
            **one,
            "id": f"t{number}",
            "name": f"T{number}",
            "allocation_pct": round(share, 2),
            "exchange_provider": f"paper{number % accounts}",
        }
        for number in range(traders)
    ]
    (root / "etc" / "manager.yaml").write_text(yaml.safe_dump(manager))
    sections = {f"paper{n}": {"type": "sim", "latency": "10ms"} for n in range(accounts)}
    exchange = {"default": "paper0", "providers": sections}
    (root / "etc" / "exchange.yaml").write_text(yaml.safe_dump(exchange))
    return main


def cost(main: Path, seconds: int) -> tuple[float, float, int]:
    """Run an engine; return its processor seconds, its memory in MB, and its cycles."""
    data = main.parent.parent / f"data-{seconds}"
    words = [sys.executable, "-m", "nof0_core", "run", main, "--data-dir", data]
    with subprocess.Popen(
        [*map(str, words), "--for", f"{seconds}s"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
    assert status == 0, "the run has failed"
    cycles = sum(
        line.count('"type":"cycle"')
        for file in (data / "journal").rglob("*.jsonl")
        for line in file.read_text().splitlines()
    )
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, cycles


def renewals() -> list[float]:
    """Return how many seconds each of some renewals takes, on a PostgreSQL on this machine."""
    from datetime import timedelta

    import anyio
    from postgres_server import PostgresServer

    from nof0_core.storage.database import DatabaseSettings, opened
    from nof0_core.storage.leases import Holder, LeaseTable, Wanted
    from nof0_core.storage.preparing import prepare

    async def measure(source: str) -> list[float]:
        names = [Wanted(name=f"account venue {n}", kind="account") for n in range(10)]
        holder = Holder(engine="arena", instance="a", place="here", is_binding=True)
        async with opened(DatabaseSettings(data_source=source)) as database:
            await prepare(database)
            table = LeaseTable(database, length=timedelta(seconds=20))
            grant = await table.acquire(names, holder)
            took = []
            for _ in range(100):
                began = stopwatch()
                await table.renew(grant.tokens)
                took.append(stopwatch() - began)
            return took

    server = PostgresServer()
    try:
        return anyio.run(measure, server.database())
    finally:
        server.close()


def main() -> None:
    long = int(sys.argv[1]) if len(sys.argv) > 1 else 28
    found = {}
    print(f"{'traders':>8} {'accounts':>9} {'CPU s/h':>9} {'ms/cycle':>9} {'MB':>6}")
    for traders, accounts in CASES:
        with tempfile.TemporaryDirectory() as folder:
            file = write(Path(folder), traders, accounts)
            before, _, fewer = cost(file, SHORT)
            after, memory, more = cost(file, long)
        per_hour = (after - before) / (long - SHORT) * 3600
        per_cycle = (after - before) / max(1, more - fewer) * 1000
        found[traders, accounts] = per_hour, memory
        print(f"{traders:>8} {accounts:>9} {per_hour:>9.0f} {per_cycle:>9.1f} {memory:>6.0f}")
    # Where the machine falls behind, as it may with forty, fewer cycles are run.
    (low, few), (high, many) = found[1, 1], found[10, 1]
    print(f"a trader: {(high - low) / 9:.1f} CPU s/h, {(many - few) / 9:.2f} MB")
    (low, few), (high, many) = found[10, 1], found[10, 10]
    print(f"an account: {(high - low) / 9:.1f} CPU s/h, {(many - few) / 9:.2f} MB")
    took = renewals()
    print(
        f"a renewal of 10 leases: median {median(took) * 1000:.1f} ms, most {max(took) * 1000:.1f}"
    )


if __name__ == "__main__":
    main()
