"""Handing the journal to exporters, without ever making trading wait for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

import anyio
import attrs

from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import Event
from nof0_core.domain.view import View
from nof0_core.journal import Journal
from nof0_core.plugins.env import Logger
from nof0_core.protocols import Exporter

BATCH = 1000
"""Events handed over at once."""
QUEUE = 20_000
"""Events kept in memory for an exporter that is behind; beyond that they are read from disk."""


@attrs.define(eq=False)
class Reader:
    """One exporter and how far it has come. `position` is the `seq` of the last event it took."""

    name: str
    exporter: Exporter
    position: int
    queue: deque[Event]
    on_disk: Iterator[Event] | None = None
    batch: list[Event] = attrs.field(factory=list)
    is_failing: bool = False


class Exports:
    """All exporters of a run.

    An exporter that raises is offered the same events again the next time; trading goes on, a
    warning says so once, and nothing is lost: the journal is on disk.
    """

    def __init__(self, *, journal: Journal, log: Logger) -> None:
        self._journal = journal
        self._log = log
        self._readers: list[Reader] = []
        self._lock = anyio.Lock()

    async def add(self, name: str, exporter: Exporter) -> None:
        """Add an exporter; it starts after the last event it says it has."""
        position = await exporter.cursor()
        self._readers.append(Reader(name, exporter, position, deque()))

    def notice(self, event: Event) -> None:
        """Queue a new event for all exporters; a queue that grows too long is left to the disk."""
        for reader in self._readers:
            if len(reader.queue) >= QUEUE:
                reader.queue.clear()
            reader.queue.append(event)

    @property
    def lag(self) -> dict[str, int]:
        """Return how many events each exporter is behind."""
        return {r.name: self._journal.last_seq - r.position for r in self._readers}

    async def offer(self, view: View) -> None:
        """Let every exporter catch up with the journal; never raises for an exporter's trouble."""
        async with self._lock:
            await self._offer(view)

    async def _offer(self, view: View) -> None:
        for reader in self._readers:
            try:
                await self._feed(reader, view)
            except Exception as error:  # noqa: BLE001 - an exporter's trouble must not stop trading
                if not reader.is_failing:
                    self._log.warning(
                        "exporter is behind; its events are kept and offered again",
                        exporter=reader.name,
                        behind=self.lag[reader.name],
                        error=f"{type(error).__name__}: {error}",
                    )
                reader.is_failing = True
            else:
                if reader.is_failing:
                    self._log.info("exporter has caught up", exporter=reader.name)
                reader.is_failing = False

    async def _feed(self, reader: Reader, view: View) -> None:
        while True:
            reader.batch = reader.batch or self._next(reader)
            await reader.exporter.export(reader.batch, view)
            if reader.batch:
                reader.position = reader.batch[-1].seq
            reader.batch = []
            if reader.position >= self._journal.last_seq:
                return

    def _next(self, reader: Reader) -> list[Event]:
        """Take the events after the reader's position: from memory if they are there."""
        while reader.queue and reader.queue[0].seq <= reader.position:
            reader.queue.popleft()
        if reader.queue and reader.queue[0].seq == reader.position + 1:
            reader.on_disk = None
            return list(islice(reader.queue, BATCH))
        if reader.position >= self._journal.last_seq:
            return []
        if reader.on_disk is None:
            self._journal.flush()
            cycles = CycleJoiner(self._read_one)
            reader.on_disk = map(cycles.joined, self._journal.read(after=reader.position))
        batch = list(islice(reader.on_disk, BATCH))
        if not batch:
            reader.on_disk = None
        return batch

    def _read_one(self, seq: int) -> Event | None:
        return next(self._journal.read(after=seq - 1), None)
