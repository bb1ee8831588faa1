"""What a database costs: `python tests/benchmarks/database.py [CYCLES] [ROUNDS]`.

Runs the shipped configuration, then hands its journal to the `sql` exporter over a PostgreSQL of
its own, and gives asyncpg's `executemany` the very same rows, side by side, ROUNDS times. Prints
rows per second of both, the exporter's share, and the CPU time of a cycle with and without a
database beside it. Numbers of one machine may be compared with each other.
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
from pathlib import Path

import anyio
import asyncpg
import attrs

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "unit" / "core" / "storage"), str(ROOT / "tests")]

from conftest import ENGINE, Told, hand_over  # noqa: E402
from opened import open_engine  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402

from nof0_core.clock import stopwatch  # noqa: E402
from nof0_core.exporters.sql.config import SqlConfig  # noqa: E402
from nof0_core.exporters.sql.exporter import SqlExporter  # noqa: E402
from nof0_core.project import load_config  # noqa: E402
from nof0_core.storage.column_types import Json, as_text  # noqa: E402
from nof0_core.storage.database import DatabaseSettings, opened  # noqa: E402
from nof0_core.storage.preparing import prepare  # noqa: E402
from nof0_core.storage.schema import METADATA, PARTITIONED  # noqa: E402
from nof0_core.storage.tables import Batch, Tables  # noqa: E402
from nof0_core.testing.environment import Lines  # noqa: E402


def used() -> float:
    """CPU time of this process so far, in ms."""
    now = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (now.ru_utime + now.ru_stime)


def live(data: Path, cycles: int, source: str = "") -> float:
    """Run until a trader has decided so often; return the CPU time of a cycle of all, in ms."""
    config = load_config(ROOT / "etc" / "nof0.yaml", data_dir=data, environ={})
    (json,) = [each for each in config.exporters if each.kind.type == "json"]
    if source:
        from nof0_core.exporters.kinds import EXPORTERS

        (kind,) = [each for each in EXPORTERS if each.type == "sql"]
        settings = SqlConfig(data_source=source, engine=config.name)
        section = attrs.evolve(json, name="sql", kind=kind, config=settings)
        config = attrs.evolve(config, exporters=(*config.exporters, section))

    async def main() -> float:
        async with open_engine(config, full_speed=True, log=lambda _: Lines()) as engine:
            traders = engine.manager.traders.values()

            def after(_: object) -> None:
                if max(trader.cycles for trader in traders) >= cycles:
                    engine.manager.stop("enough")

            began = used()
            await engine.run(after)
            return (used() - began) / sum(trader.cycles for trader in traders)

    return anyio.run(main)


async def export(source: str, told: Told) -> tuple[float, list[Batch]]:
    """Export everything; return the seconds of the later three quarters, and what was written."""
    written: list[Batch] = []
    write = Tables.write

    async def noted(self: Tables, batch: Batch) -> None:
        written.append(batch)
        await write(self, batch)

    Tables.write = noted  # type: ignore[method-assign]
    try:
        async with opened(DatabaseSettings(data_source=source)) as database:
            await prepare(database)
            exporter = SqlExporter(
                Tables(database, engine=ENGINE, exporter="sql"), engine=ENGINE, log=Lines()
            )
            exporter.read_lines_from(told)
            # Statements are compiled with their first use, once in the life of an engine.
            await hand_over(exporter, told, size=1000, until=len(told.events) // 4)
            written.clear()
            began = stopwatch()
            await hand_over(exporter, told, size=1000)
            return stopwatch() - began, written
    finally:
        Tables.write = write  # type: ignore[method-assign]


async def insert(source: str, batches: list[Batch]) -> float:
    """Let asyncpg write the same rows with executemany; return the seconds it took."""
    async with opened(DatabaseSettings(data_source=source)) as database:
        await prepare(database)
    connection = await asyncpg.connect(source)
    try:
        for name in PARTITIONED:
            await connection.execute(f"CREATE TABLE {name}_all PARTITION OF {name} DEFAULT")
        began = stopwatch()
        for batch in batches:
            async with connection.transaction():
                await _insert(connection, batch)
        return stopwatch() - began
    finally:
        await connection.close()


async def _insert(connection: asyncpg.Connection, batch: Batch) -> None:
    lines = [
        {"engine": ENGINE, "seq": one.seq, "stream": one.stream, "day": day, "type": one.type,
         "line": one.line, "hash": one.hash}
        for day, one in batch.lines
    ]  # fmt: skip
    for name, rows in {"events": lines, **batch.rows}.items():
        table = METADATA.tables[name]
        columns = [column.name for column in table.columns]
        as_json = {column.name for column in table.columns if isinstance(column.type, Json)}
        keys = [column.name for column in table.primary_key]
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        rest = ", ".join(f'"{c}" = excluded."{c}"' for c in columns if c not in keys)
        quoted = ", ".join(f'"{column}"' for column in columns)
        values = [
            tuple(
                as_text(row[c]) if c in as_json and row.get(c) is not None else row.get(c)
                for c in columns
            )
            for row in rows
        ]
        await connection.executemany(
            f"INSERT INTO {name} ({quoted}) VALUES ({places}) "  # noqa: S608 - names of ours
            f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {rest}",
            values,
        )


def main(cycles: int, rounds: int) -> None:
    """Print it."""
    server = PostgresServer()
    try:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            costs: dict[str, list[float]] = {"without": [], "with": []}
            for number in range(rounds):
                costs["without"].append(live(data / f"a{number}", cycles))
                costs["with"].append(live(data / f"b{number}", cycles, server.database()))
            told, shares = Told(data / "a0"), []
            for _ in range(rounds):
                took, written = anyio.run(export, server.database(), told)
                rows = sum(len(b.lines) + sum(map(len, b.rows.values())) for b in written)
                theirs = anyio.run(insert, server.database(), written)
                shares.append(theirs / took)
                each = f"exporter {rows / took:,.0f}, executemany {rows / theirs:,.0f} rows/s"
                print(f"{rows} rows of {len(told.events)} events: {each}")
            print(f"share of executemany, median: {100 * statistics.median(shares):.0f} %")
            for name, found in costs.items():
                print(f"CPU of a cycle {name} a database: {statistics.median(found):.2f} ms")
    finally:
        server.close()


if __name__ == "__main__":
    words = [*sys.argv[1:], *("120", "3")[len(sys.argv) - 1 :]]
    main(int(words[0]), int(words[1]))
