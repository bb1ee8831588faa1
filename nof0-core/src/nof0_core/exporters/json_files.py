"""The `json` exporter: the files behind the API.

A main file is put in place as a whole, and only when what it says has changed: all that changed in
a round at once, and after that `export.json`, which has the number of the round. What will not
change any more lies in pieces (`documents.pieces`), which are there before the main file that names
them. So a round writes what is new, after a year as after a week, and whoever reads finds whole
collections at any moment. What has to be remembered for that goes into the checkpoints; without one
the exporter is told the whole journal again.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import attrs

from nof0_core.clock import wall_time
from nof0_core.config.fields import opt
from nof0_core.documents.documents import Documents
from nof0_core.documents.export_note import EXPORT_FILE, ExportNote, digest_of
from nof0_core.domain.event import Event
from nof0_core.domain.view import View
from nof0_core.exporters.files import Drafts, prepare_directory, replace_file
from nof0_core.exporters.piece_files import PieceFiles
from nof0_core.files import read_bytes
from nof0_core.money import exactly
from nof0_core.plugins.env import Env
from nof0_core.protocols import ExporterCapability, Projection


@attrs.frozen(kw_only=True)
class JsonConfig:
    """Section of the `json` exporter."""

    path: Path | None = opt(default=None, help="directory of the files; empty: DataPath")
    conversations: int = opt(default=25, ge=1, help="newest cycles kept per trader")
    candles: int = opt(default=500, ge=1, help="newest bars kept per coin and interval")
    indicators: bool = opt(
        default=False, help="keep indicators beside each bar, for the price chart; larger files"
    )


@asynccontextmanager
async def open_json(config: JsonConfig, env: Env) -> AsyncIterator[JsonExporter]:
    """Open the exporter; when it closes all files are written once more.

    Raises:
        ProviderError: the directory cannot be made.
    """
    path = config.path or env.data_dir
    prepare_directory(path, section=env.section)
    exporter = JsonExporter(
        path,
        section=env.section,
        documents=Documents(
            conversations_per_trader=config.conversations,
            candles_per_coin=config.candles,
            has_indicators=config.indicators,
        ),
    )
    try:
        yield exporter
    finally:
        # Also where the run was cancelled: the files have to speak of its last moment.
        with anyio.CancelScope(shield=True):
            await exporter.finish()


class JsonExporter:
    """Keeps the eleven kinds of file up to date, and counts the exports."""

    capabilities = frozenset({ExporterCapability.PROJECTIONS})

    def __init__(self, path: Path, *, section: str, documents: Documents) -> None:
        self._path = path
        self._section = section
        self._documents = documents
        self._pieces = PieceFiles(path, section=section)
        self._written: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}
        self._number = _newest(path / EXPORT_FILE)
        self._turn = anyio.Lock()
        self._view: View | None = None

    def projections(self) -> tuple[Projection, ...]:
        """Return what it remembers of the past."""
        return (_Remembered(self._documents, self._pieces),)

    async def cursor(self) -> int:
        """Return the last event taken over: 0 where nothing is remembered."""
        return self._documents.seq

    async def export(self, events: Sequence[Event], view: View) -> None:
        """Take over events and rewrite the files that changed.

        Raises:
            TransientError: a file could not be written.
            ProviderError: a trader's id cannot be part of a file name.
        """
        # The thread reads what events change, so rounds must not overlap.
        async with self._turn:
            for event in events:
                if event.seq > self._documents.seq:
                    self._documents.apply(event)
            if self._documents.seq < view.seq:
                # More events are on their way; the picture is ahead of what was told so far.
                await anyio.to_thread.run_sync(self._write_finished)
                return
            self._view = view
            # Writing takes longer than an event loop should be kept waiting.
            await anyio.to_thread.run_sync(self._write, view)

    async def finish(self) -> None:
        """Write every file once more, so that all of them speak of the same last moment.

        Which files changed in a round of exports depends on how often rounds were made; after this
        the content depends on the journal alone.
        """
        async with self._turn:
            if self._view is not None:
                self._written.clear()
                await anyio.to_thread.run_sync(partial(self._write, self._view, force=True))

    @exactly
    def _write(self, view: View, *, force: bool = False) -> None:
        self._write_finished()
        named: set[str] = set()
        bodies: dict[str, bytes] = {}
        digests: dict[str, str] = {}
        with Drafts(section=self._section) as drafts:
            for document in self._documents.build(view, force=force, own=self._section):
                for piece in document.pieces:
                    self._pieces.write(piece)
                named.update(document.names)
                name, body = document.name, hashlib.blake2b(document.body, digest_size=16).digest()
                if self._written.get(name) != body:
                    drafts.write(self._path / name, document.body + document.end)
                    bodies[name], digests[name] = body, digest_of(document.body, document.end)

            def note(path: Path) -> None:
                self._written[path.name] = bodies[path.name]
                self._digests[path.name] = digests[path.name]

            drafts.put_in_place(note)
        self._finish_round(view)
        self._pieces.retire(named, at_once=force)

    def _finish_round(self, view: View) -> None:
        """Say that all files are of one export now."""
        note = ExportNote(
            export=self._number + 1,
            time=wall_time().timestamp(),
            every=view.engine.every.total_seconds() if view.engine is not None else None,
            documents=self._digests,
        )
        replace_file(self._path / EXPORT_FILE, note.text(), section=self._section)
        self._number += 1

    def _write_finished(self) -> None:
        for piece in self._documents.finished():
            self._pieces.write(piece)


def _newest(path: Path) -> int:
    """Return the number of the newest export so far; if it is unreadable one that is as high."""
    try:
        return ExportNote.of(read_bytes(path)).export
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        return int(wall_time().timestamp())


class _Remembered:
    """The documents in the checkpoints: of use where the pieces they go by are still there."""

    def __init__(self, documents: Documents, pieces: PieceFiles) -> None:
        self.name = documents.name
        self.version = documents.version
        self._documents = documents
        self._pieces = pieces

    def apply(self, event: Event) -> None:
        """Take in one event."""
        self._documents.apply(event)

    def dump(self) -> bytes:
        """Return all that is remembered."""
        return self._documents.dump()

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned.

        Raises:
            ValueError: it is something else, or a piece it goes by is not there any more; nothing
                has changed then.
        """
        recalled = self._documents.recalled(data)
        missing = sorted(set(recalled.written) - self._pieces.found())
        if missing:
            message = f"{missing[0]} is not there any more"
            raise ValueError(message)
        self._documents.take(recalled)
