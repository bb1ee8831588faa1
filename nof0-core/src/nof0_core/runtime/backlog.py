"""What one exporter has still to be told."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

import anyio.to_thread

from nof0_core.domain.event import Event
from nof0_core.errors import JournalError
from nof0_core.journal import Journal
from nof0_core.state.event_log import whole_events

BATCH = 1000
"""Events handed over at once."""
QUEUE = 20_000
"""Events kept in memory for an exporter that is behind; beyond that they are read from disk."""


class Backlog:
    """Events in their order, from memory where they are there, else from disk."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._queue: deque[Event] = deque()
        self._on_disk: Iterator[Event] | None = None
        self._read_to = 0

    def add(self, event: Event) -> None:
        """Keep a new event; a queue that grows too long is left to the disk."""
        if len(self._queue) >= QUEUE:
            self._queue.clear()
        self._queue.append(event)

    async def after(self, position: int, last: int) -> list[Event]:
        """Return the next events above `position`, at most `BATCH` and none above `last`.

        Raises:
            JournalError: a record cannot be read, or a part of it is in one that is not there, or
                some are archived.
        """
        if position >= last:
            return []
        queue = self._queue
        while queue and queue[0].seq <= position:
            queue.popleft()
        size = min(BATCH, last - position)
        if queue and queue[0].seq == position + 1:
            self._on_disk = None
            return list(islice(queue, size))
        is_old = self._on_disk is not None and self._read_to == position
        if self._on_disk is None or not is_old:
            self._refuse_archived(position)
            self._journal.flush()
            self._on_disk = whole_events(self._journal, after=position)
        # Decoding takes longer than an event loop should be kept waiting.
        try:
            batch = await anyio.to_thread.run_sync(list, islice(self._on_disk, size))
        except BaseException:
            # What was read before it is to be handed over first, another time.
            self._on_disk = None
            raise
        if not batch and is_old:
            # It ends at what was the newest event when it was begun.
            self._on_disk = None
            return await self.after(position, last)
        self._read_to = batch[-1].seq if batch else position
        if len(batch) < size:
            self._on_disk = None
        return batch

    def _refuse_archived(self, position: int) -> None:
        """Rather nothing than what has holes in it."""
        day = self._journal.days.archived(position)
        if day is not None:
            message = f"it lacks records {max(position + 1, day.first)} to {day.last}: archived"
            hint = "stop nof0, put the archived files back, and start it again"
            raise JournalError(message, hints=[hint])
