"""The data source that reads the documents a `sql` exporter keeps in a database.

Nothing is reckoned here: the documents are those of the files, of one export at any moment. While
the database is away what it showed last stands.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import ExitStack, asynccontextmanager

import anyio
import anyio.to_thread
from anyio.from_thread import start_blocking_portal

from nof0_core.clock import pause, wall_time
from nof0_core.documents.export_note import ExportNote
from nof0_core.plugins.env import Logger
from nof0_core.sources.by_name import DocumentsByName
from nof0_core.sources.document import Document, SourceDownError, UnknownModelError
from nof0_core.sources.empty import EMPTY
from nof0_core.sources.mirror import Mirror, Shown
from nof0_core.sources.place import DatabasePlace
from nof0_core.sources.protocol import DataSource, DocumentHealth, Export, SourceHealth, State
from nof0_core.storage.database import DatabaseSettings, opened

_PATIENCE = 1.0
"""Seconds of real time that a look has to end, where nobody asks any more."""
_FIRST_LOOK = 0.01
"""Seconds of real time between two looks whether the first one at the database has ended."""


@asynccontextmanager
async def open_database(place: DatabasePlace, *, log: Logger) -> AsyncIterator[DataSource]:
    """Follow a database until the block is left; it need not be there yet. Changes nothing.

    Raises:
        ProviderError: the data source is none, or the driver for it is not installed.
    """
    settings = DatabaseSettings(data_source=place.data_source, max_open=1, max_idle=1, reading=True)
    async with opened(settings):
        # Nothing was asked of it: now it is known that it can be.
        mirror = Mirror(place, log=log)
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        following = portal.start_task_soon(_follow, settings, mirror)
        stack.callback(_end, mirror, following)
        try:
            yield DatabaseSource(mirror)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(stack.close)


async def _follow(settings: DatabaseSettings, mirror: Mirror) -> None:
    async with opened(settings) as database:
        await mirror.follow(database)


def _end(mirror: Mirror, following: Future[None]) -> None:
    """End it between two looks; break off one that the database does not answer."""
    mirror.is_over = True
    try:
        following.result(_PATIENCE)
    except TimeoutError:
        following.cancel()


class DatabaseSource(DocumentsByName):
    """Shows what a mirror has; no answer waits for the database but the first ones."""

    def __init__(self, mirror: Mirror) -> None:
        super().__init__()
        self._mirror = mirror

    async def model_analytics(self, model: str) -> Document:
        """Load the analytics of one model."""
        found = (await self._shown()).documents.get(f"analytics-{model}")
        if found is None:
            raise UnknownModelError
        return found

    async def export(self) -> Export:
        """Return the newest export."""
        try:
            note = await self._shown_note()
        except SourceDownError:
            note = None
        return Export(number=note.export, time=note.time) if note else Export(number=0, time=None)

    async def health(self) -> SourceHealth:
        """Say how every document is."""
        now = wall_time().timestamp()
        try:
            shown = await self._shown()
        except SourceDownError:
            down = DocumentHealth(state="down", age_seconds=None)
            return SourceHealth(source="database", documents=dict.fromkeys(EMPTY, down))
        documents = {name: self._health_of(name, shown, now) for name in EMPTY}
        return SourceHealth(
            source="database",
            documents=documents,
            export_age_seconds=None if shown.note is None else max(0.0, now - shown.note.time),
        )

    def _health_of(self, name: str, shown: Shown, now: float) -> DocumentHealth:
        document = shown.documents.get(name)
        state: State = "ok" if document is not None else "empty"
        if name in shown.faulty:
            state = "down" if document is None else "stale"
        elif self._mirror.fault and document is not None:
            state = "stale"
        made_at = document.made_at if document is not None else None
        return DocumentHealth(
            state=state, age_seconds=None if made_at is None else max(0.0, now - made_at)
        )

    async def _load(self, name: str) -> Document:
        shown = await self._shown()
        if (found := shown.documents.get(name)) is not None:
            return found
        if name in shown.faulty:
            message = "a document in the database cannot be read"
            raise SourceDownError(message, name=name, reason="it is damaged")
        return self._empty_of(name, shown.note.export if shown.note else 0)

    async def _shown_note(self) -> ExportNote | None:
        return (await self._shown()).note

    async def _shown(self) -> Shown:
        """Return what the database showed last.

        Raises:
            SourceDownError: it has shown nothing yet.
        """
        mirror = self._mirror
        while mirror.shown is None and not mirror.has_looked:
            await pause(_FIRST_LOOK)
        if mirror.shown is not None:
            return mirror.shown
        if mirror.fault:
            message = "the database cannot be read"
            raise SourceDownError(message, name="database", reason=mirror.fault)
        return _NOTHING


_NOTHING = Shown()
