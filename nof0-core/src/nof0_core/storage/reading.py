"""Reading lines and rows back, a stretch of the journal at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import func, select

from nof0_core.storage.database import Database
from nof0_core.storage.schema import EVENTS, METADATA
from nof0_core.storage.tables import Cursor, Row

STRETCH = 500
"""Rows that are read at once."""
MOST_BYTES = 1_000_000
"""Bytes of lines that are read at once, unless a single one has more."""


class LinePlace(NamedTuple):
    """Where a line belongs: its number, stream, the day of its file, and its hash."""

    seq: int
    stream: str
    day: date
    hash: str


async def line_places(
    database: Database, engine: str, *, after: int = 0
) -> AsyncIterator[LinePlace]:
    """Yield the places of an engine's lines with numbers above `after`, ascending.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    while True:
        asked = (
            select(EVENTS.c.seq, EVENTS.c.stream, EVENTS.c.day, EVENTS.c.hash)
            .where(EVENTS.c.engine == engine, EVENTS.c.seq > after)
            .order_by(EVENTS.c.seq)
            .limit(10 * STRETCH)
        )
        async with database.transaction() as session:
            found = (await session.execute(asked)).all()
        for row in found:
            yield LinePlace(row.seq, row.stream, row.day, row.hash)
        if not found:
            return
        after = found[-1].seq


async def lines_of_day(
    database: Database, engine: str, stream: str, day: date
) -> AsyncIterator[tuple[bytes, str]]:
    """Yield lines and hashes of a stream's day, ascending by number; lines have no line breaks.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    place = (EVENTS.c.engine == engine, EVENTS.c.stream == stream, EVENTS.c.day == day)
    after = 0
    while True:
        sizes = (
            select(EVENTS.c.seq, func.length(EVENTS.c.line).label("size"))
            .where(*place, EVENTS.c.seq > after)
            .order_by(EVENTS.c.seq)
            .limit(STRETCH)
        )
        async with database.transaction() as session:
            found = (await session.execute(sizes)).all()
            last, size = after, 0
            for row in found:
                size += row.size
                if size > MOST_BYTES and last > after:
                    break
                last = row.seq
            asked = (
                select(EVENTS.c.line, EVENTS.c.hash)
                .where(*place, EVENTS.c.seq > after, EVENTS.c.seq <= last)
                .order_by(EVENTS.c.seq)
            )
            lines = (await session.execute(asked)).all() if found else []
        for row in lines:
            # SQLite gives back as text what somebody has put there as text.
            yield row.line.encode() if isinstance(row.line, str) else bytes(row.line), row.hash
        if not lines:
            return
        after = last


async def newest_line(database: Database, engine: str) -> Cursor:
    """Return number and hash of the newest line of an engine; 0 where there is none."""
    asked = (
        select(EVENTS.c.seq, EVENTS.c.hash)
        .where(EVENTS.c.engine == engine)
        .order_by(EVENTS.c.seq.desc())
        .limit(1)
    )
    async with database.transaction() as session:
        found = (await session.execute(asked)).first()
    return Cursor() if found is None else Cursor(seq=found.seq, hash=found.hash)


async def hash_before(database: Database, engine: str, stream: str, day: date) -> str:
    """Return the hash of the newest line of a stream before a day, "" where there is none."""
    asked = (
        select(EVENTS.c.hash)
        .where(EVENTS.c.engine == engine, EVENTS.c.stream == stream, EVENTS.c.day < day)
        .order_by(EVENTS.c.day.desc(), EVENTS.c.seq.desc())
        .limit(1)
    )
    async with database.transaction() as session:
        return (await session.execute(asked)).scalar() or ""


async def hash_of(database: Database, engine: str, seq: int) -> str:
    """Return the hash of a line, "" where it is not there."""
    asked = select(EVENTS.c.hash).where(EVENTS.c.engine == engine, EVENTS.c.seq == seq)
    async with database.transaction() as session:
        return (await session.execute(asked)).scalar() or ""


async def rows_between(
    database: Database, name: str, engine: str, after: int, last: int | None
) -> dict[tuple[object, ...], Row]:
    """Return an engine's rows of a table from events above `after` up to `last`, by key."""
    table = METADATA.tables[name]
    asked = select(table).where(table.c.engine == engine, table.c.seq > after)
    if last is not None:
        asked = asked.where(table.c.seq <= last)
    keys = key_of(name)
    async with database.transaction() as session:
        found = (await session.execute(asked)).mappings().all()
    return {tuple(row[name] for name in keys): dict(row) for row in found}


def key_of(name: str) -> tuple[str, ...]:
    """Return the columns that tell rows of a table apart."""
    return tuple(column.name for column in METADATA.tables[name].primary_key)
