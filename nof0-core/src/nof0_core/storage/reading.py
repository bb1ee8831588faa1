"""Reading lines and rows back, a stretch of the journal at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

from sqlalchemy import func, select

from nof0_core.storage.database import Database
from nof0_core.storage.schema import EVENTS, METADATA, OF_THE_MARKET
from nof0_core.storage.tables import Cursor, Row

STRETCH = 500
"""Lines that are read at once."""


async def lines(
    database: Database, engine: str, *, after: int = 0
) -> AsyncIterator[tuple[int, str, date, bytes, str]]:
    """Yield number, stream, day, line and hash of an engine's lines, ascending.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    while True:
        asked = (
            select(EVENTS.c.seq, EVENTS.c.stream, EVENTS.c.day, EVENTS.c.line, EVENTS.c.hash)
            .where(EVENTS.c.engine == engine, EVENTS.c.seq > after)
            .order_by(EVENTS.c.seq)
            .limit(STRETCH)
        )
        async with database.transaction() as session:
            found = (await session.execute(asked)).all()
        if not found:
            return
        for row in found:
            yield row.seq, row.stream, row.day, row.line, row.hash
        after = found[-1].seq


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


async def is_owned_by_others(
    database: Database, name: str, engine: str, key: tuple[object, ...]
) -> bool:
    """Tell whether another engine has written a row of the market last."""
    if name not in OF_THE_MARKET:
        return False
    table = METADATA.tables[name]
    where = [column == value for column, value in zip(table.primary_key, key, strict=True)]
    asked = select(func.count()).select_from(table).where(*where, table.c.engine != engine)
    async with database.transaction() as session:
        return bool((await session.execute(asked)).scalar())


def key_of(name: str) -> tuple[str, ...]:
    """Return the columns that tell rows of a table apart."""
    return tuple(column.name for column in METADATA.tables[name].primary_key)
