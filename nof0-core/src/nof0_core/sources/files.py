"""The data source that reads the engine's JSON files.

A file is read when somebody asks for it and it is not the one that was read before (time of change
in ns, size, inode). One that is missing, half written or damaged leaves the last good data
standing. Pieces that a main file names (`nof0_core.documents.pieces`) are read once, and looked for
again only when the main file has changed.

What an export has not finished yet is not shown: a file that is not the one `export.json` names
leaves the data of that export standing until the next `export.json` is there.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import anyio
import anyio.to_thread
import attrs

from nof0_core.clock import pause, wall_time
from nof0_core.documents.export_note import ExportNote
from nof0_core.documents.whole import PieceError, Whole
from nof0_core.files import read_regular
from nof0_core.plugins.env import Logger
from nof0_core.sources.by_name import DocumentsByName
from nof0_core.sources.document import Document, SourceDownError, Stretch, UnknownModelError
from nof0_core.sources.empty import EMPTY, SAFE_ID
from nof0_core.sources.export_file import ExportFile
from nof0_core.sources.main_file import Main, MainFile, Signature, parse
from nof0_core.sources.protocol import DocumentHealth, Export, SourceHealth, State

_LOOKS = 20
"""How often a main file is read anew because a piece is gone and it was replaced meanwhile, or
because the export it belongs to is not finished yet."""

_UNFINISHED = 0.01
"""Seconds of real time in which an export that has begun to show may be finished."""


class FileSource(DocumentsByName):
    """Reads the files of the `json` exporter from one directory; writes nothing."""

    def __init__(self, directory: Path, *, log: Logger) -> None:
        super().__init__()
        self._directory = str(directory)
        self._log = log
        self._exports = ExportFile(self._directory, log=log)
        self._shelves = {name: self._shelf(name, key) for name, (key, _, _) in EMPTY.items()}
        self._models: dict[str, MainFile] = {}

    async def model_analytics(self, model: str) -> Document:
        """Load `analytics-<model>.json`; an id that cannot be part of a file name is unknown."""
        if not SAFE_ID.fullmatch(model):
            raise UnknownModelError
        shelf = self._models.get(model) or self._shelf(f"analytics-{model}", "analytics")
        document = await self._renewed(shelf)
        if document is None:
            raise UnknownModelError
        # Only models that exist are kept, so asking for many names fills nothing.
        self._models[model] = shelf
        return document

    async def export(self) -> Export:
        """Return the newest export that is finished."""
        if self._exports.is_new:
            await anyio.to_thread.run_sync(self._exports.read)
        note = self._exports.note
        return Export(number=note.export, time=note.time) if note else Export(number=0, time=None)

    async def health(self) -> SourceHealth:
        """Look at every file; reads those that changed."""
        documents: dict[str, DocumentHealth] = {}
        now = wall_time().timestamp()
        for name, shelf in self._shelves.items():
            state: State = "ok"
            try:
                document = await self._load(name)
            except SourceDownError:
                made_at, state = None, "down"
            else:
                made_at = document.made_at
                if made_at is None:
                    state = "empty"
                elif shelf.fault or shelf.piece_fault or shelf.is_torn:
                    state = "stale"
            age = None if made_at is None else max(0.0, now - made_at)
            documents[name] = DocumentHealth(state=state, age_seconds=age)
        newest = (await self.export()).time
        return SourceHealth(
            source="files",
            documents=documents,
            export_age_seconds=None if newest is None else max(0.0, now - newest),
        )

    async def _load(self, name: str) -> Document:
        found = await self._renewed(self._shelves[name])
        if found is not None:
            return found
        return self._empty_of(name, (await self.export()).number)

    async def _shown_note(self) -> ExportNote | None:
        return self._exports.note

    def _shelf(self, name: str, key: str) -> MainFile:
        def read(piece: str) -> bytes:
            return read_regular(f"{self._directory}/{piece}")[0]

        return MainFile(name, key, Whole(key, read=read, make=Stretch))

    async def _renewed(self, shelf: MainFile) -> Document | None:
        """Return the newest good data of a file and its pieces; None if it was never there.

        Raises:
            SourceDownError: it is there, or ought to be, and cannot be read.
        """
        is_known = not self._exports.is_new  # asked before the file, which is put in place first
        if not (is_known and self._is_up(shelf)):
            async with shelf.lock:
                for look in range(1, _LOOKS + 1):
                    is_last = look == _LOOKS
                    if await anyio.to_thread.run_sync(self._read_anew, shelf, is_last):
                        break
                    await pause(_UNFINISHED)
        if shelf.document is None and (shelf.fault or shelf.piece_fault):
            message = f"{shelf.key} cannot be read"
            name = f"{shelf.name}.json" if shelf.fault else shelf.piece_at_fault
            raise SourceDownError(message, name=name, reason=shelf.fault or shelf.piece_fault)
        return shelf.document

    def _is_up(self, shelf: MainFile) -> bool:
        """Tell whether a file is known as it is, and to be of the newest export."""
        if self._signature(shelf) not in (None, shelf.seen) or shelf.main is not shelf.whole_of:
            return False
        note = self._exports.note
        return shelf.document is None or note is None or shelf.document.export == note.export

    def _read_anew(self, shelf: MainFile, is_last: bool) -> bool:  # noqa: FBT001 - for a thread
        """Read a file that changed, and those of its pieces that are not known.

        Returns False where there is nothing to show before an export that has begun is finished;
        at the last look it is shown without.
        """
        note = self._exports.read()
        for _ in range(_LOOKS):
            if self._signature(shelf) not in (None, shelf.seen):
                self._read(shelf)
            main = shelf.main
            if main is None:
                return True
            if not self._is_finished(shelf, main, note, is_last=is_last):
                # What the newest export says stands until the next is finished.
                return shelf.document is not None
            if main is shelf.whole_of:
                break
            name, fault = self._join(shelf, main)
            # A piece that is gone may be one that the main file has just ceased to name.
            if not fault or self._signature(shelf) == shelf.seen:
                self._note_piece(shelf, name, fault)
                break
            note = self._exports.read()
        else:
            self._note_piece(shelf, name, fault)
        known = shelf.document
        # What is not of the newest export keeps its number; what was just read has none yet.
        if known is not None and main is shelf.whole_of and not (shelf.is_torn and known.export):
            number = note.export if note is not None else 0
            if known.export != number:
                shelf.document = attrs.evolve(known, export=number)
        return True

    def _is_finished(
        self, shelf: MainFile, main: Main, note: ExportNote | None, *, is_last: bool
    ) -> bool:
        """Tell whether a file may be shown: its export is finished, or never will be."""
        shelf.is_torn = not _belongs(main, shelf.name, note)
        if not shelf.is_torn or main is shelf.whole_of:
            return True
        if shelf.document is not None or not is_last:
            return False
        self._warn(shelf, f"{shelf.name}.json", "its export was not finished")
        return True

    def _join(self, shelf: MainFile, main: Main) -> tuple[str, str]:
        """Put a main file and its pieces together; returns which file is at fault, and why."""
        gone = ""
        stretches = [Stretch(main.data)]
        if main.layout:
            try:
                stretches = shelf.pieces.stretches(main.data, main.layout)
                there = os.listdir(self._directory)  # noqa: PTH208 - names are enough
                gone = min(shelf.pieces.names.difference(there), default="")
            except PieceError as error:
                return error.name, f"a piece that {shelf.name}.json names: {error}"
            except (ValueError, OSError) as error:
                return f"{shelf.name}.json", str(error)
        shelf.whole_of = main
        shelf.document = Document(
            key=shelf.key,
            stretches=stretches,
            members=main.members,
            version=main.version,
            made_at=main.made_at,
        )
        return gone, gone and f"a piece that {shelf.name}.json names: it is gone"

    def _signature(self, shelf: MainFile) -> Signature | None:
        """Look whether the file is there; None, with the fault noted, if not."""
        try:
            found = os.stat(f"{self._directory}/{shelf.name}.json")  # noqa: PTH116 - once per answer
        except OSError as error:
            # A file that was never there is no fault: the engine has not written it yet.
            if error.errno != errno.ENOENT or shelf.main is not None:
                self._note(shelf, error.strerror or "unreadable")
            shelf.seen = None
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self, shelf: MainFile) -> None:
        try:
            content, about = read_regular(f"{self._directory}/{shelf.name}.json")
        except OSError as error:
            self._note(shelf, error.strerror or "unreadable")
            return
        # What was read belongs to what was opened, even if the file was replaced meanwhile.
        shelf.seen = (about.st_mtime_ns, about.st_size, about.st_ino)
        try:
            shelf.main = parse(content, key=shelf.key, made_at=about.st_mtime)
        except ValueError as error:
            self._note(shelf, str(error))
            return
        if shelf.fault:
            self._log.info("readable again", file=f"{shelf.name}.json")
        shelf.fault = ""

    def _note(self, shelf: MainFile, fault: str) -> None:
        if shelf.fault != fault:
            self._warn(shelf, f"{shelf.name}.json", fault)
        shelf.fault = fault

    def _note_piece(self, shelf: MainFile, name: str, fault: str) -> None:
        if fault and shelf.piece_fault != fault:
            self._warn(shelf, name, fault)
        elif shelf.piece_fault and not fault:
            self._log.info("its pieces are readable again", file=f"{shelf.name}.json")
        shelf.piece_fault, shelf.piece_at_fault = fault, name

    def _warn(self, shelf: MainFile, name: str, reason: str) -> None:
        stands = "the last good data stands" if shelf.document else "there is nothing to show"
        self._log.warning(f"a data file cannot be used; {stands}", file=name, reason=reason)


def _belongs(main: Main, name: str, note: ExportNote | None) -> bool:
    """Tell whether a file is the one that an export has; what no note speaks of is."""
    known = note.documents.get(f"{name}.json") if note is not None else None
    return known is None or known == main.digest
