"""Rows and documents of an import: written over those of the one before, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, func, select

from nof0_core.storage.database import Session
from nof0_core.storage.schema import EVENTS, PROJECTED
from nof0_core.storage.tables import Row, ordered

_AT_ONCE = 1000
"""Rows that one statement writes."""


async def has_lines(session: Session, engine: str) -> bool:
    """Tell whether an engine of that name has a journal in the database."""
    asked = select(func.count()).select_from(EVENTS).where(EVENTS.c.engine == engine).limit(1)
    return bool((await session.execute(asked)).scalar())


async def replace_rows(
    session: Session, engine: str, rows: Mapping[str, Sequence[Row]], tables: Collection[str]
) -> None:
    """Put rows in the place of all that an engine has in these tables."""
    for name in sorted(tables):
        table = PROJECTED[name]
        await session.execute(delete(table).where(table.c.engine == engine))
        wanted = ordered(table, list(rows.get(name, ())))
        for at in range(0, len(wanted), _AT_ONCE):
            await session.execute(table.insert(), wanted[at : at + _AT_ONCE])
