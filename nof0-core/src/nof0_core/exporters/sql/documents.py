"""The documents of the API in the database, each export of them in one transaction.

What they say of prices and of the engine's state is in no event, so they cannot be made of the
tables: they are made where the files are made, of the same events and pictures, and stand in a
table under the names of the files. A reader finds those of one export at any moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from nof0_core.clock import wall_time
from nof0_core.documents.documents import Documents
from nof0_core.documents.export_note import EXPORT_FILE, ExportNote, digest_of
from nof0_core.documents.pieces import Piece
from nof0_core.domain.event import Event
from nof0_core.domain.view import View
from nof0_core.money import exactly

if TYPE_CHECKING:
    from nof0_core.storage.documents import DocumentTable, Stored
    from nof0_core.storage.tables import Cursor


class StoredDocuments:
    """Makes the documents and keeps them in a table. Not for use by two tasks at a time.

    It is a projection: `seq` is the newest event it has taken in.
    """

    name = Documents.name
    version = Documents.version

    def __init__(
        self, table: DocumentTable, *, section: str, conversations: int, candles: int
    ) -> None:
        self._table = table
        self._section = section
        self._sizes = conversations, candles
        self._documents = self._fresh()
        self._there: set[str] = set()
        self._bodies: dict[str, bytes] = {}
        self._number = 0
        self._view: View | None = None

    @property
    def seq(self) -> int:
        """Return the number of the newest event it has taken in."""
        return self._documents.seq

    def apply(self, event: Event) -> None:
        """Take in one event, unless it is known."""
        if event.seq > self._documents.seq:
            self._documents.apply(event)

    def dump(self) -> bytes:
        """Return all that is remembered."""
        return self._documents.dump()

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned.

        Raises:
            ValueError: it is something else; nothing has changed then.
        """
        self._documents.take(self._documents.recalled(data))

    async def look(self) -> None:
        """See what is in the table; where a piece is gone that was relied on, begin anew.

        Raises:
            ProviderError: the database is away.
        """
        self._there = await self._table.pieces()
        note = _note(await self._table.content(EXPORT_FILE))
        # A database may come back older, and numbers only grow.
        self._number = max(self._number, note.export if note is not None else 0)
        self._bodies.clear()
        if not self._documents.relied_on <= self._there:
            self._documents = self._fresh()

    async def export(self, view: View, after: Cursor) -> None:
        """Write what has changed: documents and pieces of an export, or what is finished before.

        Args:
            view: the picture; while it is ahead of the events only finished pieces are written.
            after: where the cursor of the exporter is.

        Raises:
            ProviderError: the database is away, or another process writes to it.
        """
        if self._documents.seq < view.seq:
            await self._write([], named=None, after=after)
            return
        self._view = view
        await self._export(view, after, force=False)

    async def finish(self, after: Cursor) -> None:
        """Write every document once more, so that all of them speak of the same last moment."""
        if self._view is not None and self._documents.seq >= self._view.seq:
            self._bodies.clear()
            await self._export(self._view, after, force=True)

    async def _export(self, view: View, after: Cursor, *, force: bool) -> None:
        build = partial(self._build, view, force=force)
        stored, bodies, named = await anyio.to_thread.run_sync(build)
        note = ExportNote(
            export=self._number + 1,
            time=wall_time().timestamp(),
            every=view.engine.every.total_seconds() if view.engine is not None else None,
        )
        await self._write([*stored, _main(EXPORT_FILE, note.text())], named=named, after=after)
        self._number += 1
        self._bodies |= bodies

    @exactly
    def _build(self, view: View, *, force: bool) -> tuple[list[Stored], dict[str, bytes], set[str]]:
        """Make what is to be written, what is known of it then, and the names of all pieces."""
        stored: list[Stored] = []
        bodies: dict[str, bytes] = {}
        named: set[str] = set()
        for document in self._documents.build(view, force=force, own=self._section):
            stored += self._missing(document.pieces)
            named.update(document.names)
            body = hashlib.blake2b(document.body, digest_size=16).digest()
            if self._bodies.get(document.name) != body:
                stored.append(_main(document.name, document.body + document.end))
                bodies[document.name] = body
        return stored, bodies, named

    async def _write(
        self, stored: Sequence[Stored], *, named: set[str] | None, after: Cursor
    ) -> None:
        """Write documents and finished pieces; remove those that are not `named` (None: none)."""
        finished = list(self._documents.unwritten)
        by_name = {one.name: one for one in (*self._missing(finished), *stored)}
        gone = set() if named is None else self._there - named
        if by_name or gone:
            time = wall_time()
            await self._table.write(by_name.values(), gone=gone, after=after, time=time)
        self._there |= {one.name for one in by_name.values() if one.is_piece}
        self._there -= gone
        for piece in finished:
            self._documents.written(piece)

    def _missing(self, pieces: Sequence[Piece]) -> list[Stored]:
        from nof0_core.storage.documents import Stored

        return [
            Stored(name=piece.name, is_piece=True, digest="", content=piece.content)
            for piece in pieces
            if piece.name not in self._there
        ]

    def _fresh(self) -> Documents:
        conversations, candles = self._sizes
        return Documents(conversations_per_trader=conversations, candles_per_coin=candles)


def _main(name: str, content: bytes) -> Stored:
    from nof0_core.storage.documents import Stored

    return Stored(name=name, is_piece=False, digest=digest_of(content), content=content)


def _note(content: bytes | None) -> ExportNote | None:
    try:
        return None if content is None else ExportNote.of(content)
    except ValueError:
        return None
