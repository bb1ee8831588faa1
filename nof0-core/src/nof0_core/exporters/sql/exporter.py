"""The journal's lines and rows, batch after batch, into a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from nof0_core.clock import wall_time
from nof0_core.domain.event import Event
from nof0_core.domain.journal_line import JournalLine
from nof0_core.domain.view import View
from nof0_core.errors import ProviderError
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.sql.documents import StoredDocuments
from nof0_core.exporters.sql.fold import Fold
from nof0_core.exporters.sql.rows import Rows
from nof0_core.ids import TraderId
from nof0_core.money import exactly
from nof0_core.plugins.env import Env, Logger
from nof0_core.protocols import ExporterCapability, JournalLines, Projection

if TYPE_CHECKING:
    from nof0_core.storage.database import DatabaseSettings
    from nof0_core.storage.tables import Cursor, Tables

CONVERSATIONS, CANDLES = 25, 500
"""Cycles per trader and bars per coin in the documents, where nothing else is said."""
MOST_BYTES = 4_000_000
"""Bytes of lines that a transaction has, unless a single line has more."""


@asynccontextmanager
async def open_sql(config: SqlConfig, env: Env) -> AsyncIterator[SqlExporter]:
    """Open the exporter; an empty database gets its tables.

    When it closes the documents are written once more.

    Raises:
        ProviderError: the database is away, refuses, or its tables are not those this nof0 writes.
    """
    from nof0_core.storage.database import opened
    from nof0_core.storage.documents import DocumentTable
    from nof0_core.storage.leases import fence
    from nof0_core.storage.preparing import prepare
    from nof0_core.storage.tables import Tables

    guard = fence(config.engine, env.lease)
    async with opened(settings_of(config, env.log), guard) as database:
        if await prepare(database):
            env.log.info("the database was empty; its tables were made")
        place = {"engine": config.engine, "exporter": env.section}
        documents = StoredDocuments(
            DocumentTable(database, **place),
            section=env.section,
            conversations=config.conversations or CONVERSATIONS,
            candles=config.candles or CANDLES,
        )
        exporter = SqlExporter(
            Tables(database, **place), engine=config.engine, log=env.log, documents=documents
        )
        try:
            yield exporter
        finally:
            # Also where the run was cancelled: the documents have to speak of its last moment.
            with anyio.CancelScope(shield=True):
                await exporter.finish()


def settings_of(config: SqlConfig, log: Logger) -> DatabaseSettings:
    """Return how to reach the database of a section; slow statements go to the log."""
    from nof0_core.storage.database import DatabaseSettings

    def told(say: Callable[..., object], what: str) -> Callable[[str, float], None]:
        return lambda text, seconds: _say(say, what, text, seconds)

    return DatabaseSettings(
        data_source=config.data_source,
        max_open=config.max_open,
        max_idle=config.max_idle,
        max_lifetime=config.max_lifetime,
        prepared_statements=config.prepared_statements,
        slow=timedelta(milliseconds=config.slow_threshold),
        verbose=config.verbose,
        warn=told(log.warning, "slow SQL statement"),
        tell=told(log.info, "SQL statement"),
    )


def _say(say: Callable[..., object], what: str, text: str, seconds: float) -> None:
    say(what, statement=text, seconds=round(seconds, 3))


class SqlExporter:
    """Keeps tables that equal the journal up to the cursor.

    What was taken in and is not committed stays in memory, at most what one call brought, and is
    written by the next call.
    """

    capabilities = frozenset({ExporterCapability.PROJECTIONS, ExporterCapability.LINES})

    def __init__(
        self,
        tables: Tables,
        *,
        engine: str,
        log: Logger,
        documents: StoredDocuments | None = None,
    ) -> None:
        """Prepare; without `documents` only tables are kept."""
        self._tables = tables
        self._log = log
        self._documents = documents
        self._engine = engine
        self._fold = Fold(lambda text: log.warning("an event does not fit", error=text))
        self._rows = Rows(engine)
        self._waiting: list[tuple[date, JournalLine]] = []
        self._lines: JournalLines | None = None
        self._cursor: Cursor | None = None
        self._days: dict[TraderId, date] = {}
        self._kept: int | None = None
        self._turn = anyio.Lock()

    def projections(self) -> tuple[Projection, ...]:
        """Return what it remembers of the past."""
        return (self._fold,) if self._documents is None else (self._fold, self._documents)

    def read_lines_from(self, lines: JournalLines) -> None:
        """Take what gives the journal's lines."""
        self._lines = lines

    async def cursor(self) -> int:
        """Return up to where events were taken in.

        That may be before the cursor in the database: what is told again is remembered then, and
        not written.

        Raises:
            ProviderError: the database is away, or holds rows of another journal.
        """
        async with self._turn:
            found = await self._tables.cursor()
            for end in (await self._tables.newest(), found):
                if await self._is_beyond(end):
                    return end.seq
            self._kept = None
            if self._cursor is None or found not in (self._cursor, self._until()):
                self._forget(found)
                self._days = await self._tables.days()
            elif found != self._cursor:
                self._written()
            self._cursor = found
            reached = self._fold.seq
            if self._documents is not None:
                await self._documents.look()
                reached = min(reached, self._documents.seq)
            # What waits is not there yet; it is told again, and passed over then.
            return min(reached, found.seq)

    async def export(self, events: Sequence[Event], view: View) -> None:
        """Take over events: their lines and rows, and the cursor behind them; then the documents.

        Raises:
            TransientError: the database is away, slow or refuses; nothing of the batch is there.
            ProviderError: a line is missing, or another process has moved the cursor.
        """
        async with self._turn:
            if self._lines is None or self._cursor is None:
                message = (
                    "the record up to which the database is cannot be read in the journal: put its "
                    "file back, or give the engine another Name"
                )
                raise ProviderError(message)
            await self._write()
            fresh = [event for event in events if event.seq > self._fold.seq]
            if fresh:
                found = await self._lines.between(fresh[0].seq - 1, fresh[-1].seq)
                lines = {line.seq: line for line in found}
                for part in _parts(fresh, lines):
                    await anyio.to_thread.run_sync(self._take, part)
                    await self._write()
            await self._keep_checkpoint(self._lines)
            if self._documents is not None:
                await anyio.to_thread.run_sync(self._tell_documents, events)
                await self._documents.export(view, self._cursor)

    async def finish(self) -> None:
        """Write the documents once more; a database that is away then is told of, and left."""
        async with self._turn:
            if self._documents is None or self._cursor is None:
                return
            try:
                await self._documents.finish(self._cursor)
            except ProviderError as error:
                self._log.warning("the last documents are not in the database", error=str(error))

    def _tell_documents(self, events: Sequence[Event]) -> None:
        if self._documents is not None:
            for event in events:
                self._documents.apply(event)

    @exactly
    def _take(self, part: Sequence[tuple[Event, JournalLine]]) -> None:
        """Make the rows of events; those the database has already are only remembered."""
        known = self._cursor.seq if self._cursor is not None else 0
        for event, line in part:
            is_new = event.seq > known
            day = max(line.time.date(), self._days.get(line.stream, date.min))
            self._fold.take(event, line.took, line.hash, self._rows if is_new else Rows(""))
            if is_new:
                self._days[line.stream] = day
                self._waiting.append((day, line))

    async def _write(self) -> None:
        """Write what waits, in one transaction."""
        if not self._waiting or self._cursor is None:
            return
        from nof0_core.storage.tables import Batch

        until = self._until()
        await self._tables.write(
            Batch(
                after=self._cursor,
                until=until,
                lines=self._waiting,
                rows=self._rows.all(),
                time=wall_time(),
            )
        )
        self._cursor = until
        self._written()

    async def _keep_checkpoint(self, lines: JournalLines) -> None:
        """Put the newest checkpoint into the database, once its line is there.

        One that cannot be written is told and left out: a restored engine reads more lines then.
        """
        reached = self._cursor.seq if self._cursor is not None else 0
        if self._kept is None:
            self._kept = await self._tables.checkpoint_seq()
        found = await lines.checkpoint(self._kept)
        if found is None or found.seq > reached:
            return
        self._kept = found.seq
        try:
            await self._tables.put_checkpoint(found)
        except ProviderError as error:
            self._log.warning(
                "a checkpoint is not in the database", record=found.seq, error=str(error)
            )

    def _until(self) -> Cursor:
        """Return where the cursor will be once what waits is written."""
        from nof0_core.storage.tables import Cursor

        if not self._waiting:
            return self._cursor or Cursor()
        newest = self._waiting[-1][1]
        return Cursor(seq=newest.seq, hash=newest.hash)

    def _written(self) -> None:
        self._waiting, self._rows = [], Rows(self._engine)

    def _forget(self, cursor: Cursor) -> None:
        """Begin at another cursor; what is remembered holds where it is not ahead of that."""
        self._written()
        if self._fold.seq > cursor.seq:
            self._fold.reset()

    async def _is_beyond(self, cursor: Cursor) -> bool:
        """Tell whether a cursor is beyond the end of the journal.

        Raises:
            ProviderError: the line it names is another one.
        """
        if not cursor.seq or self._lines is None:
            return False
        found = await self._lines.between(cursor.seq - 1, cursor.seq)
        if not found:
            return True
        if found[-1].hash != cursor.hash:
            message = (
                f'the database holds rows of another journal under the name "{self._engine}": its '
                f"record {cursor.seq} is not this journal's; give one of the two engines another "
                "Name or another database, or restore the journal that belongs to it"
            )
            raise ProviderError(message)
        return False


def _parts(
    events: Sequence[Event], lines: dict[int, JournalLine]
) -> list[list[tuple[Event, JournalLine]]]:
    """Share out events among transactions.

    Raises:
        ProviderError: the line of one is missing.
    """
    parts: list[list[tuple[Event, JournalLine]]] = []
    size = MOST_BYTES
    for event in events:
        line = lines.get(event.seq)
        if line is None:
            message = f"record {event.seq} of the journal is not in its files"
            raise ProviderError(message)
        if size + len(line.line) > MOST_BYTES:
            parts.append([])
            size = 0
        parts[-1].append((event, line))
        size += len(line.line)
    return parts
