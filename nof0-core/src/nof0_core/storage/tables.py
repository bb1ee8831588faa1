"""Writing journal lines and rows, and the cursor that covers them, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar, cast

import attrs
from sqlalchemy import Table, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from nof0_core.domain.journal_line import CheckpointFile, JournalLine
from nof0_core.errors import ProviderError, TransientError
from nof0_core.ids import TraderId
from nof0_core.storage.checkpoints import checkpoint_seq, put_checkpoint
from nof0_core.storage.database import Database, Session
from nof0_core.storage.schema import CURSORS, EVENTS, INDICATORS, PARTITIONED, PROJECTED

Row = Mapping[str, Any]
_T = TypeVar("_T")
_MERGED = ("ema", "macd", "rsi", "atr", "others")
_MOST_SHARES = 256
"""Into how many operations lines and rows of a table are shared out at most."""


class CursorMovedError(ProviderError):
    """The cursor is not where it was left: it has to be read anew."""


class CopyRefusedError(ProviderError):
    """The connection does not allow COPY."""


@attrs.frozen(kw_only=True)
class Cursor:
    """How far an exporter is: number and hash of the last line whose rows are committed."""

    seq: int = 0
    hash: str = ""


@attrs.frozen(kw_only=True)
class Batch:
    """What is written at once: lines with the day of their file, and rows by table.

    `after` is where the cursor has to be, `until` where it will be.
    """

    after: Cursor
    until: Cursor
    lines: Sequence[tuple[date, JournalLine]]
    rows: Mapping[str, Sequence[Row]]
    time: datetime


class Tables:
    """What one exporter of one engine keeps in a database."""

    def __init__(self, database: Database, *, engine: str, exporter: str) -> None:
        self._database = database
        self._engine = engine
        self._exporter = exporter
        self._months: set[str] = set()
        self._is_copying = True
        self._shares = 1
        self._end = 0

    async def cursor(self) -> Cursor:
        """Return how far the exporter is.

        Raises:
            ProviderError: as `Database.transaction`.
        """
        async with self._database.transaction() as session:
            found = await self._cursor(session)
            self._end = (await self._newest(session)).seq
        return found

    async def newest(self) -> Cursor:
        """Return the newest line of the engine that is there.

        It is beyond the cursor where all rows are to be made anew; its line is not written again.
        """
        async with self._database.transaction() as session:
            return await self._newest(session)

    async def checkpoint_seq(self) -> int:
        """Return the number of the record that the engine's checkpoint is of, 0 for none."""
        return await checkpoint_seq(self._database, self._engine)

    async def put_checkpoint(self, kept: CheckpointFile) -> None:
        """Put a checkpoint in the place of the one before.

        Raises:
            ProviderError: as `Database.transaction`.
        """
        await put_checkpoint(self._database, self._engine, kept)

    async def days(self) -> dict[TraderId, date]:
        """Return the day of the newest line of every stream."""
        asked = (
            select(EVENTS.c.stream, func.max(EVENTS.c.day).label("day"))
            .where(EVENTS.c.engine == self._engine)
            .group_by(EVENTS.c.stream)
        )
        async with self._database.transaction() as session:
            found = (await session.execute(asked)).all()
        return {TraderId(row.stream): row.day for row in found}

    async def write(self, batch: Batch) -> None:
        """Write all of a batch, or nothing.

        After one that did not end in time the next is written in smaller operations, for each has
        its own time; after those that do they grow again.

        Raises:
            CursorMovedError: the cursor is not at `after`.
            ProviderError: as `Database.transaction`.
        """
        try:
            try:
                await self._write(batch)
            except CopyRefusedError:
                # Behind a pooler there may be no COPY; everything was rolled back.
                self._is_copying = False
                await self._write(batch)
        except TransientError:
            self._shares = min(2 * self._shares, _MOST_SHARES)
            raise
        self._shares = max(1, self._shares - 1)

    async def _write(self, batch: Batch) -> None:
        # A database that fails may come back older, without the parts that were made last.
        months, self._months = self._months, set()
        async with self._database.transaction() as session:
            if await self._cursor(session, is_to_be_moved=True) != batch.after:
                message = "the cursor in the database is not where this exporter left it"
                raise CursorMovedError(message)
            fresh = [each for each in batch.lines if each[1].seq > self._end]
            await self._write_lines(session, fresh)
            for name, table in PROJECTED.items():
                if rows := batch.rows.get(name):
                    if name in PARTITIONED and not session.is_sqlite:
                        await self._make_parts(session, name, rows, months)
                    for part in _parts(ordered(table, rows), self._shares):
                        await session.execute(_upsert(table, session.is_sqlite), part)
            await session.execute(
                _upsert(CURSORS, session.is_sqlite),
                [
                    {
                        "engine": self._engine,
                        "exporter": self._exporter,
                        "seq": batch.until.seq,
                        "hash": batch.until.hash,
                        "updated_at": batch.time,
                    }
                ],
            )
        self._months = months

    async def _newest(self, session: Session) -> Cursor:
        asked = (
            select(EVENTS.c.seq, EVENTS.c.hash)
            .where(EVENTS.c.engine == self._engine)
            .order_by(EVENTS.c.seq.desc())
            .limit(1)
        )
        found = (await session.execute(asked)).first()
        return Cursor() if found is None else Cursor(seq=found.seq, hash=found.hash)

    async def _cursor(self, session: Session, *, is_to_be_moved: bool = False) -> Cursor:
        asked = select(CURSORS.c.seq, CURSORS.c.hash).where(
            CURSORS.c.engine == self._engine, CURSORS.c.exporter == self._exporter
        )
        if is_to_be_moved:
            asked = asked.with_for_update()
        found = (await session.execute(asked)).first()
        return Cursor() if found is None else Cursor(seq=found.seq, hash=found.hash)

    async def _write_lines(
        self, session: Session, lines: Sequence[tuple[date, JournalLine]]
    ) -> None:
        rows = [
            (self._engine, one.seq, one.stream, day, one.type, one.line, one.hash)
            for day, one in lines
        ]
        for part in _parts(rows, self._shares):
            await self._put_lines(session, part)

    async def _put_lines(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
        names = [column.name for column in EVENTS.columns]
        if not session.may_copy or not self._is_copying:
            await session.execute(
                EVENTS.insert(), [dict(zip(names, row, strict=True)) for row in rows]
            )
            return
        async with session.driver(f"COPY {EVENTS.name}") as raw:
            try:
                await raw.copy_records_to_table(EVENTS.name, records=rows, columns=names)
            except _copy_faults() as error:
                raise CopyRefusedError(str(error)) from error

    async def _make_parts(
        self, session: Session, name: str, rows: Iterable[Row], known: set[str]
    ) -> None:
        """Make the parts of a table for the months of rows."""
        for month in sorted({row["timestamp"].strftime("%Y-%m") for row in rows}):
            part = f"{name}_{month.replace('-', '_')}"
            if part in known:
                continue
            year, number = map(int, month.split("-"))
            after = f"{year + number // 12:04}-{number % 12 + 1:02}"
            await session.execute(
                text(
                    f"CREATE TABLE IF NOT EXISTS {part} PARTITION OF {name} "
                    f"FOR VALUES FROM ('{month}-01 00:00:00+00') TO ('{after}-01 00:00:00+00')"
                )
            )
            known.add(part)


def _parts(rows: Sequence[_T], count: int) -> Iterator[Sequence[_T]]:
    """Share out rows among as many parts, or fewer; none is empty."""
    size = max(1, -(-len(rows) // count))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def ordered(table: Table, rows: Sequence[Row]) -> list[Row]:
    """Sort rows by key: writers that meet wait for each other then, and never for themselves."""
    keys = [column.name for column in table.primary_key]
    return sorted(rows, key=lambda row: tuple(map(row.__getitem__, keys)))


@cache
def _upsert(table: Table, is_sqlite: bool) -> Insert:  # noqa: FBT001 - of one dialect
    insert: Any = (sqlite if is_sqlite else postgresql).insert(table)
    keys = [column.name for column in table.primary_key]
    changes: dict[str, Any] = {
        column.name: insert.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    if table is INDICATORS:
        for name in _MERGED:
            old, new = table.c[name], insert.excluded[name]
            changes[name] = func.json_patch(old, new) if is_sqlite else old.op("||")(new)
    return cast("Insert", insert.on_conflict_do_update(index_elements=keys, set_=changes))


@cache
def _copy_faults() -> tuple[type[Exception], ...]:
    """Return what a server says that knows nothing of COPY or of the statement prepared for it."""
    from asyncpg import exceptions  # type: ignore[import-untyped]

    return (
        exceptions.FeatureNotSupportedError,
        exceptions.InvalidSQLStatementNameError,
        exceptions.DuplicatePreparedStatementError,
        exceptions.ProtocolViolationError,
    )
