"""Rows of a database against those that the journal makes, without many of them in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs

from nof0_core.domain.journal_line import JournalLine

if TYPE_CHECKING:
    from nof0_core.storage.database import Database
    from nof0_core.storage.tables import Tables

_STRETCH = 1000
"""Numbers of records whose lines are read at once."""
_TOLD = 20
"""Differences that are told; all are counted."""

_Row = Mapping[str, Any]
_Key = tuple[Any, ...]


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


class TableComparison:
    """Compares a `database` with tables `again` made beside it; the report is told what differs.

    Lines are compared as they are read, in the order of their numbers, and not kept. All other rows
    are final only at the end of the journal: they are made first, and then read by their keys,
    which finds an index in each table. What an engine writes meanwhile is beyond the cursor at the
    beginning and not beyond that of the moment: it is passed over.
    """

    def __init__(
        self,
        *,
        database: Database,
        again: Database,
        engine: str,
        exporter: str,
        report: DatabaseReport,
    ) -> None:
        from nof0_core.storage.tables import Tables

        self._database = database
        self._again = again
        self._engine = engine
        self._exporter = exporter
        self._tables = Tables(database, engine=engine, exporter=exporter)
        self._report = report
        self._cursor = report.seq
        self._reached = 0

    def tables_again(self) -> Tables:
        """Return tables that have lines compared, and keep all other rows."""
        from nof0_core.storage.tables import Batch, Tables

        async def lines(batch: Batch) -> None:
            await self._compare_lines(batch.lines, batch.until.seq)

        class Again(Tables):
            async def write(self, batch: Batch) -> None:
                await lines(batch)
                await super().write(attrs.evolve(batch, lines=()))

        return Again(self._again, engine=self._engine, exporter=self._exporter)

    async def end_lines(self) -> None:
        """Tell of lines that are there and not in the journal, up to the cursor and beyond it."""
        from nof0_core.storage.reading import line_places

        await self._compare_lines((), self._report.seq)
        self._report.rows.setdefault("events", 0)
        async for place in line_places(self._database, self._engine, after=self._report.seq):
            if not await self._is_news(place.seq):
                self._report.add(f"events: the row {place.seq} is beyond the cursor")

    async def _compare_lines(self, lines: Sequence[tuple[date, JournalLine]], until: int) -> None:
        from nof0_core.storage.reading import rows_between

        count = self._report.rows.get("events", 0)
        self._report.rows["events"] = count + len(lines)
        wanted = {line.seq: (day, line) for day, line in lines}
        while self._reached < until:
            last = min(self._reached + _STRETCH, until)
            there = await rows_between(self._database, "events", self._engine, self._reached, last)
            numbers = range(self._reached + 1, last + 1)
            mine = {
                (self._engine, seq): _line_row(self._engine, *wanted[seq])
                for seq in numbers
                if seq in wanted
            }
            for key, row in mine.items():
                self._judge("events", key, there.pop(key, None), row)
            for left in there:
                self._report.add(f"events: the row {_text(left)} is not of the journal")
            self._reached = last

    async def compare(self, table: str, follow: Callable[[str, int, int], object]) -> None:
        """Compare all rows of a table but its lines."""
        from nof0_core.storage.paging import count_rows, pages, rows_of

        total, done, met = await count_rows(self._again, table, self._engine), 0, 0
        async for page in pages(self._database, table, self._engine):
            wanted = await rows_of(self._again, table, page.keys())
            met += len(wanted)
            for key, row in page.items():
                await self._judge_found(table, key, row, wanted.get(key))
            done += len(page)
            follow(f"the table {table}", min(done, total), total)
        if met < total:
            async for page in pages(self._again, table, self._engine):
                there = await rows_of(self._database, table, page.keys())
                for key in page.keys() - there.keys():
                    self._judge(table, key, None, page[key])
        self._report.rows[table] = total

    async def _judge_found(self, table: str, key: _Key, found: _Row, wanted: _Row | None) -> None:
        """Judge a row that is there."""
        if found["engine"] != self._engine:
            return  # of the market, and another engine has written it last
        if found["seq"] > self._report.seq:
            if not await self._is_news(found["seq"]):
                self._report.add(f"{table}: the row {_text(key)} is beyond the cursor")
        elif wanted is None:
            self._report.add(f"{table}: the row {_text(key)} is not of the journal")
        else:
            self._judge(table, key, found, wanted)

    def _judge(self, table: str, key: _Key, found: _Row | None, wanted: _Row) -> None:
        if found is None:
            self._report.add(f"{table}: the row {_text(key)} is missing")
        elif found != wanted:
            names = [name for name in wanted if wanted[name] != found[name]]
            self._report.add(f"{table}: the row {_text(key)} differs in {', '.join(names)}")

    async def _is_news(self, seq: int) -> bool:
        """Tell whether the engine has exported a record since the comparison began."""
        if seq > self._cursor:
            self._cursor = (await self._tables.cursor()).seq
        return seq <= self._cursor


def _line_row(engine: str, day: date, line: JournalLine) -> _Row:
    return {
        "engine": engine,
        "seq": line.seq,
        "stream": line.stream,
        "day": day,
        "type": line.type,
        "line": line.line,
        "hash": line.hash,
    }


def _text(key: _Key) -> str:
    return ", ".join(map(str, key[1:])) if len(key) > 1 else str(key)
