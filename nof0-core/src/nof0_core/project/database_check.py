"""Whether the tables of a database equal the journal: they are made again, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import anyio.to_thread
import attrs

from nof0_core.clock import wall_time
from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import Event
from nof0_core.domain.journal_line import CheckpointFile, JournalLine
from nof0_core.domain.view import View
from nof0_core.exporters.sql.exporter import SqlExporter, settings_of
from nof0_core.plugins.env import Logger
from nof0_core.project.database import NamedDatabase
from nof0_core.project.journal import JournalReader

if TYPE_CHECKING:
    from nof0_core.storage.database import Database

BATCH = 1000
"""Events that are made into rows at once."""
_WINDOW = 20_000
"""Events whose rows are compared at once."""
_TOLD = 20
"""Differences that are told; all are counted."""


@attrs.define(kw_only=True)
class DatabaseReport:
    """What came of a comparison: rows by table, how many differ, and the first of them in words.

    `seq` is the cursor: how far the database is, `last` the newest record of the journal.
    """

    seq: int
    last: int
    rows: dict[str, int] = attrs.field(factory=dict)
    differences: int = 0
    told: list[str] = attrs.field(factory=list)

    def add(self, text: str) -> None:
        """Count a difference."""
        self.differences += 1
        if len(self.told) < _TOLD:
            self.told.append(text)


async def check_database(
    named: NamedDatabase, journal: JournalReader, log: Logger
) -> DatabaseReport:
    """Compare the tables with the journal, up to the cursor; changes nothing.

    Raises:
        ProviderError: the database is away, or its tables are not those this nof0 writes.
        JournalError: the journal cannot be read.
    """
    from nof0_core.storage.database import DatabaseSettings, opened
    from nof0_core.storage.preparing import prepare
    from nof0_core.storage.schema import PROJECTED
    from nof0_core.storage.tables import Tables

    async with opened(settings_of(named.config, log)) as database:
        await prepare(database)
        tables = Tables(database, engine=named.engine, exporter=named.exporter)
        cursor = await tables.cursor()
        with TemporaryDirectory(prefix="nof0-db-check-") as folder:
            source = DatabaseSettings(data_source=f"sqlite:///{Path(folder) / 'again.db'}")
            async with opened(source) as again:
                await prepare(again)
                copy = Tables(again, engine=named.engine, exporter=named.exporter)
                exporter = SqlExporter(copy, engine=named.engine, log=log)
                report = DatabaseReport(seq=cursor.seq, last=0)
                await _make_again(exporter, journal, report)
                if cursor.seq and (await copy.cursor()) != cursor:
                    report.add(f"cursors: it names record {cursor.seq}, which is not the journal's")
                for name in ("events", *PROJECTED):
                    await _compare(name, database, again, named.engine, report)
    return report


async def _make_again(
    exporter: SqlExporter, journal: JournalReader, report: DatabaseReport
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


async def _compare(
    table: str, database: Database, again: Database, engine: str, report: DatabaseReport
) -> None:
    from nof0_core.storage.reading import is_owned_by_others, rows_between

    after, count = 0, 0
    while after < report.seq:
        last = min(after + _WINDOW, report.seq)
        there = await rows_between(database, table, engine, after, last)
        wanted = await rows_between(again, table, engine, after, last)
        count += len(wanted)
        for key, row in wanted.items():
            found = there.pop(key, None)
            if found is None:
                if not await is_owned_by_others(database, table, engine, key):
                    report.add(f"{table}: the row {_text(key)} is missing, or another")
            elif found != row:
                names = [name for name in row if row[name] != found[name]]
                report.add(f"{table}: the row {_text(key)} differs in {', '.join(names)}")
        for key in there:
            report.add(f"{table}: the row {_text(key)} is not of the journal")
        after = last
    for key in await rows_between(database, table, engine, report.seq, None):
        report.add(f"{table}: the row {_text(key)} is beyond the cursor")
    report.rows[table] = count


def _text(key: tuple[object, ...]) -> str:
    return ", ".join(map(str, key[1:])) if len(key) > 1 else str(key)
