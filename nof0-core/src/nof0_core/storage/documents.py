"""The API's documents of an engine: those of one export, whole at any moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import attrs
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from nof0_core.storage.database import Database, Session
from nof0_core.storage.schema import CURSORS, DOCUMENTS
from nof0_core.storage.tables import Cursor, CursorMovedError

MOST_BYTES = 200_000
"""Bytes that one statement writes, unless a single document has more."""
_AT_ONCE = 50
"""Contents that are read, or names that are removed, by one statement."""


@attrs.frozen(kw_only=True)
class Stored:
    """A document or a piece: the file's `name`, what it says, and what its content is known by."""

    name: str
    is_piece: bool
    digest: str
    content: bytes


@attrs.frozen
class Known:
    """What a document in the database is known by; `made_at` in seconds since 1970."""

    digest: str
    made_at: float


class DocumentTable:
    """What one exporter keeps of an engine's documents."""

    def __init__(self, database: Database, *, engine: str, exporter: str) -> None:
        self._database = database
        self._engine = engine
        self._exporter = exporter

    async def pieces(self) -> set[str]:
        """Return the names of the pieces that are there.

        Raises:
            ProviderError: as `Database.transaction`.
        """
        asked = select(DOCUMENTS.c.name).where(
            DOCUMENTS.c.engine == self._engine, DOCUMENTS.c.is_piece.is_(True)
        )
        async with self._database.transaction() as session:
            return set((await session.execute(asked)).scalars())

    async def content(self, name: str) -> bytes | None:
        """Return the content of a document, None where it is not there."""
        async with self._database.transaction() as session:
            return (await contents(session, self._engine, [name])).get(name)

    async def write(
        self, stored: Iterable[Stored], *, gone: Collection[str], after: Cursor, time: datetime
    ) -> None:
        """Write and remove documents: all of it, or nothing.

        Raises:
            CursorMovedError: the cursor of the exporter is not at `after`: another process writes.
            ProviderError: as `Database.transaction`.
        """
        asked = (
            select(CURSORS.c.seq, CURSORS.c.hash)
            .where(CURSORS.c.engine == self._engine, CURSORS.c.exporter == self._exporter)
            .with_for_update()
        )
        async with self._database.transaction() as session:
            found = (await session.execute(asked)).first()
            if (Cursor() if found is None else Cursor(seq=found.seq, hash=found.hash)) != after:
                message = "the cursor in the database is not where this exporter left it"
                raise CursorMovedError(message)
            await put(session, self._engine, stored, time=time.timestamp())
            await remove(session, self._engine, gone)


async def put(session: Session, engine: str, stored: Iterable[Stored], *, time: float) -> None:
    """Write documents over those of the same names."""
    insert = (sqlite if session.is_sqlite else postgresql).insert(DOCUMENTS)
    names = ("is_piece", "digest", "made_at", "content")
    changes = {name: insert.excluded[name] for name in names}
    statement = insert.on_conflict_do_update(index_elements=["engine", "name"], set_=changes)
    rows: list[dict[str, object]] = []
    size = 0
    for one in sorted(stored, key=lambda one: one.name):
        if rows and size + len(one.content) > MOST_BYTES:
            await session.execute(statement, rows)
            rows, size = [], 0
        rows.append({"engine": engine, "made_at": time, **attrs.asdict(one)})
        size += len(one.content)
    if rows:
        await session.execute(statement, rows)


async def remove(session: Session, engine: str, names: Collection[str]) -> None:
    """Remove documents; those that are not there are passed over."""
    for part in _parts(sorted(names)):
        await session.execute(
            delete(DOCUMENTS).where(DOCUMENTS.c.engine == engine, DOCUMENTS.c.name.in_(part))
        )


async def known(session: Session, engine: str) -> dict[str, Known]:
    """Return what the main documents of an engine are known by, without the pieces."""
    asked = select(DOCUMENTS.c.name, DOCUMENTS.c.digest, DOCUMENTS.c.made_at).where(
        DOCUMENTS.c.engine == engine, DOCUMENTS.c.is_piece.is_(False)
    )
    found = (await session.execute(asked)).all()
    return {row.name: Known(row.digest, row.made_at) for row in found}


async def contents(session: Session, engine: str, names: Collection[str]) -> dict[str, bytes]:
    """Return what documents or pieces say, by name; those that are not there are missing."""
    there: dict[str, bytes] = {}
    for part in _parts(sorted(names)):
        asked = select(DOCUMENTS.c.name, DOCUMENTS.c.content).where(
            DOCUMENTS.c.engine == engine, DOCUMENTS.c.name.in_(part)
        )
        found = (await session.execute(asked)).all()
        there |= {row.name: bytes(row.content) for row in found}
    return there


def _parts(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE)]
