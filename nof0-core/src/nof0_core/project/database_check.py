"""Whether the tables of a database equal the journal: they are made again, and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio.to_thread
import attrs

from nof0_core.clock import wall_time
from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import Event
from nof0_core.domain.journal_line import CheckpointFile, JournalLine
from nof0_core.domain.view import View
from nof0_core.errors import ProviderError
from nof0_core.exporters.sql.exporter import SqlExporter, settings_of
from nof0_core.plugins.env import Logger
from nof0_core.project.database import NamedDatabase
from nof0_core.project.journal import JournalReader
from nof0_core.project.table_comparison import DatabaseReport, TableComparison

BATCH = 1000
"""Events that are made into rows at once."""
PATIENCE = 60.0
"""Seconds that one operation may take: nobody waits for it but who asked for the check."""

Follow = Callable[[str, int, int], object]
"""Told what is gone through, how much of it is done, and how much there is."""


async def check_database(
    named: NamedDatabase,
    journal: JournalReader,
    log: Logger,
    follow: Follow = lambda what, done, total: None,  # noqa: ARG005
) -> DatabaseReport:
    """Compare the tables with the journal, up to the cursor; changes nothing.

    The engine may be running: what it writes meanwhile is passed over.

    Raises:
        ProviderError: the database is away, or has no tables, or not those this nof0 writes.
        JournalError: the journal cannot be read.
    """
    from nof0_core.storage.database import DatabaseSettings, opened
    from nof0_core.storage.preparing import is_prepared, prepare
    from nof0_core.storage.schema import EVENTS, PROJECTED
    from nof0_core.storage.tables import Tables

    place = {"engine": named.engine, "exporter": named.exporter}
    settings = attrs.evolve(settings_of(named.config, log), reading=True, timeout=PATIENCE)
    with TemporaryDirectory(prefix="nof0-db-check-") as folder:
        beside = DatabaseSettings(
            data_source=f"sqlite:///{Path(folder) / 'again.db'}", scratch=True, timeout=PATIENCE
        )
        async with opened(settings) as database, opened(beside) as again:
            if not await is_prepared(database):
                message = "the database has no tables: nothing was exported to it yet"
                raise ProviderError(message)
            await prepare(again)
            cursor = await Tables(database, **place).cursor()
            report = DatabaseReport(seq=cursor.seq, last=0)
            comparison = TableComparison(database=database, again=again, report=report, **place)
            copy = comparison.tables_again()
            exporter = SqlExporter(copy, engine=named.engine, log=log)
            await _make_again(exporter, journal, report, follow)
            await comparison.end_lines()
            if cursor.seq and (await copy.cursor()) != cursor:
                report.add(f"cursors: it names record {cursor.seq}, which is not the journal's")
            for name in PROJECTED:
                await comparison.compare(name, follow)
            report.rows = {name: report.rows[name] for name in (EVENTS.name, *PROJECTED)}
    return report


async def _make_again(
    exporter: SqlExporter, journal: JournalReader, report: DatabaseReport, follow: Follow
) -> None:
    """Make the rows of the journal up to the cursor."""
    lines = _Lines()
    exporter.read_lines_from(lines)
    await exporter.cursor()
    found = _whole(journal, lines, report)
    view = View(seq=report.seq, time=wall_time(), traders=(), quotes={})
    while batch := await anyio.to_thread.run_sync(lambda: list(islice(found, BATCH))):
        await exporter.export(batch, view)
        lines.kept.clear()
        follow("the journal", batch[-1].seq, report.seq)


def _whole(journal: JournalReader, lines: _Lines, report: DatabaseReport) -> Iterator[Event]:
    cycles = CycleJoiner()
    for record in journal.records():
        report.last = record.seq
        if record.seq > report.seq:
            continue
        lines.kept[record.seq] = JournalLine(
            seq=record.seq,
            time=record.time,
            stream=record.stream,
            type=record.type,
            line=record.line,
            hash=record.hash,
            took=float(record.took),
        )
        yield cycles.joined(record.event())


class _Lines:
    """The lines of the events that were read last."""

    def __init__(self) -> None:
        self.kept: dict[int, JournalLine] = {}

    async def between(self, after: int, last: int) -> Sequence[JournalLine]:
        """Return those above `after` up to `last`."""
        return [line for seq, line in self.kept.items() if after < seq <= last]

    async def checkpoint(self, above: int) -> CheckpointFile | None:  # noqa: ARG002 - protocol
        """Return none: they are not compared."""
        return None
