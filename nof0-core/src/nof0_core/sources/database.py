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
import attrs
from anyio.from_thread import start_blocking_portal

from nof0_core.clock import pause, wall_time
from nof0_core.plugins.env import Logger
from nof0_core.sources.document import Document, SourceDownError, UnknownModelError
from nof0_core.sources.empty import EMPTY, blank
from nof0_core.sources.heartbeat import as_heard
from nof0_core.sources.mirror import Mirror, Shown
from nof0_core.sources.place import DatabasePlace
from nof0_core.sources.protocol import DataSource, DocumentHealth, Export, SourceHealth, State
from nof0_core.storage.database import DatabaseSettings, opened

_LOOK = 0.25
"""Seconds of real time between two looks whether a new export is known."""
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


class DatabaseSource:
    """Shows what a mirror has; no answer waits for the database but the first ones."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._blank = {name: blank(name) for name in EMPTY}
        self._heard: tuple[Document, Document] | None = None

    async def account_totals(self) -> Document:
        """Load the rows of all accounts at all hours."""
        return await self._load("account-totals")

    async def analytics(self) -> Document:
        """Load the analytics of all models."""
        return await self._load("analytics")

    async def model_analytics(self, model: str) -> Document:
        """Load the analytics of one model."""
        found = (await self._shown()).documents.get(f"analytics-{model}")
        if found is None:
            raise UnknownModelError
        return found

    async def crypto_prices(self) -> Document:
        """Load the newest prices."""
        return await self._load("crypto-prices")

    async def leaderboard(self) -> Document:
        """Load the ranking."""
        return await self._load("leaderboard")

    async def since_inception_values(self) -> Document:
        """Load what every account began with."""
        return await self._load("since-inception-values")

    async def trades(self) -> Document:
        """Load closed trades."""
        return await self._load("trades")

    async def positions(self) -> Document:
        """Load what every model holds."""
        return await self._load("positions")

    async def conversations(self) -> Document:
        """Load what was said in the newest cycles."""
        return await self._load("conversations")

    async def candles(self) -> Document:
        """Load the newest closed bars."""
        return await self._load("candles")

    async def status(self) -> Document:
        """Load the status, as it reads at this moment."""
        found = await self._load("status")
        note = (await self._shown()).note
        heard = as_heard(found, every=note.every if note else None, now=wall_time())
        if heard is found:
            return found
        if self._heard is None or self._heard[0] is not found:
            self._heard = found, heard
        return self._heard[1]

    async def export(self) -> Export:
        """Return the newest export."""
        try:
            note = (await self._shown()).note
        except SourceDownError:
            note = None
        return Export(number=note.export, time=note.time) if note else Export(number=0, time=None)

    async def newer(self, than: int) -> Export:
        """Look every quarter of a second until there is another export."""
        while (found := await self.export()).number == than:
            await pause(_LOOK)
        return found

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
        number, empty = shown.note.export if shown.note else 0, self._blank[name]
        if empty.export != number:
            empty = self._blank[name] = attrs.evolve(empty, export=number)
        return empty

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
