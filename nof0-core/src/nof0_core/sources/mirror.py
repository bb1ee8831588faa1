"""What is read of a database: the documents of one export, followed as they change.

It is done in a thread of its own, so that no answer waits for a database. A look asks for the note
of the newest export; where it is another one, what has changed since is read in the transaction
that saw the note: what is shown is wholly of one export.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from nof0_core.clock import pause
from nof0_core.documents.export_note import EXPORT_FILE, ExportNote
from nof0_core.errors import ProviderError
from nof0_core.plugins.env import Logger
from nof0_core.sources.document import Document
from nof0_core.sources.kept_document import KeptDocument
from nof0_core.sources.place import DatabasePlace
from nof0_core.sources.stored_pieces import fetch_pieces
from nof0_core.storage.database import Database, Session, refusal
from nof0_core.storage.documents import Known, contents, known
from nof0_core.storage.preparing import fault_of_schema

_LOOK = 0.25
"""Seconds of real time between two looks for a new export."""
_REST = 4
"""So many times as long after a look that failed."""
_SQLITE = "sqlite:///"


@attrs.frozen(kw_only=True)
class Shown:
    """All documents of one export by their names, and its note; None before there was one.

    Those in `faulty` are not what the database has: that cannot be read.
    """

    documents: Mapping[str, Document] = attrs.field(factory=dict)
    note: ExportNote | None = None
    faulty: frozenset[str] = frozenset()


class Mirror:
    """What the database showed last. Whoever reads it may be in another thread.

    `shown` is None before the first look that succeeded; `fault` says why the newest failed, ""
    where it did not; `has_looked` is set once one has ended, however it did.
    """

    def __init__(self, place: DatabasePlace, *, log: Logger) -> None:
        self._engine = place.engine
        path = place.data_source.removeprefix(_SQLITE)
        self._file = Path(path) if path != place.data_source else None
        self._log = log
        self._kept: dict[str, KeptDocument] = {}
        self._note: bytes | None = None
        self._is_usable = False
        self.shown: Shown | None = None
        self.fault = ""
        self.has_looked = False
        self.is_over = False
        """Set to end it after the look that goes on; may be set from any thread."""

    async def follow(self, database: Database) -> None:
        """Look again and again, until it is over."""
        while not self.is_over:
            try:
                await self._look(database)
            except Exception as error:  # noqa: BLE001 - a driver raises anything
                # Whatever comes back may have other tables.
                self._is_usable = False
                told = error if isinstance(error, ProviderError) else refusal(error)
                self._end_look(str(told))
                rest = _REST
            else:
                self._end_look("")
                rest = 1
            while rest and not self.is_over:
                await pause(_LOOK)
                rest -= 1

    def _end_look(self, fault: str) -> None:
        if fault and fault != self.fault:
            stands = "there is nothing to show" if self.shown is None else "the last data stands"
            self._log.warning(f"the database cannot be read; {stands}", reason=fault)
        elif self.fault and not fault:
            self._log.info("the database is readable again")
        self.fault, self.has_looked = fault, True

    async def _look(self, database: Database) -> None:
        if self._file is not None and self.shown is None and not self._file.exists():
            # The engine has not made it yet.
            return
        async with database.transaction() as session:
            if not (self._is_usable or await self._is_made(session)):
                return
            note = (await contents(session, self._engine, [EXPORT_FILE])).get(EXPORT_FILE, b"")
            if note == self._note:
                return
            there = await known(session, self._engine)
            there.pop(EXPORT_FILE, None)
            changed = {
                name
                for name, found in there.items()
                if name not in self._kept or self._kept[name].known != found
            }
            texts = await contents(session, self._engine, changed)
            have = {piece for each in self._kept.values() for piece in each.pieces}
            pieces = await fetch_pieces(session, self._engine, texts.values(), have=have)
        self._show(note, there, texts, pieces)

    async def _is_made(self, session: Session) -> bool:
        """Tell whether there are tables.

        Raises:
            ProviderError: they are not those this nof0 reads.
        """
        fault = await session.call(fault_of_schema, "reading the schema's revision")
        if fault:
            raise ProviderError(fault)
        self._is_usable = fault is not None
        return self._is_usable

    def _show(
        self,
        note: bytes,
        there: Mapping[str, Known],
        texts: Mapping[str, bytes],
        pieces: Mapping[str, bytes],
    ) -> None:
        """Show what was read in the place of what was shown before."""
        about = _read(note)
        number = about.export if about is not None else 0
        faulty: set[str] = set()
        for name, found in there.items():
            kept = self._kept.setdefault(name, KeptDocument(name))
            if name not in texts:
                kept.number(number)
                continue
            try:
                kept.renew(texts[name], found, number, pieces)
            except ValueError as error:
                faulty.add(name.removesuffix(".json"))
                self._log.warning(
                    "a document in the database cannot be used", document=name, reason=str(error)
                )
        for name in self._kept.keys() - there.keys():
            del self._kept[name]
        self._note = note
        self.shown = Shown(
            documents={
                name.removesuffix(".json"): kept.document
                for name, kept in self._kept.items()
                if kept.document is not None
            },
            note=about,
            faulty=frozenset(faulty),
        )


def _read(note: bytes) -> ExportNote | None:
    try:
        return ExportNote.of(note) if note else None
    except ValueError:
        return None
