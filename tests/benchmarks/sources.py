"""Files and a database as the API's source: `python tests/benchmarks/sources.py [HOURS]`.

A story of two traders is exported into both. Printed are, for files, SQLite and PostgreSQL: one
more round of exports, how long a new server takes until it can answer every route, how long it
takes to notice a new export, and what loading a document costs while nothing changes.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from types import SimpleNamespace

import anyio
import attrs

sys.path.insert(0, str(Path(__file__).parents[1]))

from postgres_server import PostgresServer
from story import Story

from nof0_core.clock import pause, stopwatch
from nof0_core.exporters.json_files import JsonConfig, open_json
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.sql.exporter import open_sql
from nof0_core.journal import Journal
from nof0_core.runtime.export_lines import LinesOfJournal
from nof0_core.sources import DatabasePlace, FileSource, open_database
from nof0_core.testing.environment import Lines

LOADS = (
    "account_totals", "analytics", "crypto_prices", "leaderboard", "since_inception_values",
    "trades", "positions", "conversations", "candles", "status",
)  # fmt: skip
ROUNDS, ANSWERS = 5, 2_000


async def measure(name, folder, hours, data_source):
    """Export, read, and print a line."""
    log = Lines()
    own = SimpleNamespace(section=name, log=log, data_dir=folder, lease=int)
    journal = Journal.open(folder / "journal")
    story = Story(hours)
    events = [journal.append(one.time, one.stream, one.body) for one in story.events]
    view = attrs.evolve(story.view(), seq=journal.last_seq)
    async with AsyncExitStack() as stack:
        if data_source is None:
            opened = open_json(JsonConfig(path=folder / "api"), own)
            exporter = await stack.enter_async_context(opened)
        else:
            opened = open_sql(SqlConfig(data_source=data_source, engine="bench"), own)
            exporter = await stack.enter_async_context(opened)
            exporter.read_lines_from(LinesOfJournal(journal))
        await exporter.cursor()
        await exporter.export(events, view)
        rounds = []
        for minute in range(1, ROUNDS + 1):
            later = attrs.evolve(story.view(30 + minute), seq=journal.last_seq)
            began = stopwatch()
            await exporter.export([], later)
            rounds.append(stopwatch() - began)
        began = stopwatch()
        if data_source is None:
            source = FileSource(folder / "api", log=log)
        else:
            place = DatabasePlace(data_source=data_source, engine="bench")
            source = await stack.enter_async_context(open_database(place, log=log))
        rows = sum([len(list((await getattr(source, load)()).stretches)) for load in LOADS])
        first = stopwatch() - began
        number = (await source.export()).number
        await exporter.export([], attrs.evolve(story.view(50), seq=journal.last_seq))
        began = stopwatch()
        while (await source.export()).number == number:
            await pause(0.001)
        noticed = stopwatch() - began
        began = stopwatch()
        for _ in range(ANSWERS):
            await source.account_totals()
        each = (stopwatch() - began) / ANSWERS
    journal.close()
    print(
        f"{name:10} round {median(rounds) * 1e3:7.1f} ms   first answers {first * 1e3:7.1f} ms "
        f"({rows} stretches)   noticed after {noticed * 1e3:6.1f} ms   load {each * 1e6:6.1f} µs"
    )


def main():
    hours = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    server = PostgresServer()
    try:
        with tempfile.TemporaryDirectory(prefix="nof0-sources-") as folder:
            kinds = {
                "files": None,
                "sqlite": f"sqlite:///{folder}/nof0.db",
                "postgres": server.database(),
            }
            for name, data_source in kinds.items():
                (Path(folder) / name).mkdir()
                anyio.run(measure, name, Path(folder) / name, hours, data_source)
    finally:
        server.close()


if __name__ == "__main__":
    main()
