"""The journal's lines for an exporter that keeps them as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

import anyio.to_thread

from nof0_core.domain.journal_line import JournalLine
from nof0_core.journal import Journal, Record


class LinesOfJournal:
    """Reads lines in their order; going on where the last reading ended costs no search."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._records: Iterator[Record] = iter(())
        self._reached = -1
        self._ends = -1

    async def between(self, after: int, last: int) -> Sequence[JournalLine]:
        """Return the lines with numbers above `after` up to `last`, ascending.

        Raises:
            JournalError: a line cannot be read, or what is asked for cannot be written.
        """
        if after >= last:
            return []
        if after != self._reached or last > self._ends:
            self._journal.flush()
            self._records, self._ends = self._journal.records(after), self._journal.last_seq
        self._reached = -1
        found = await anyio.to_thread.run_sync(_lines, self._records, last)
        # The one behind the last was taken out as well where numbers are missing.
        self._reached = last if found and found[-1].seq == last else -1
        return found


def _lines(records: Iterator[Record], last: int) -> list[JournalLine]:
    found: list[JournalLine] = []
    for record in takewhile(lambda record: record.seq <= last, records):
        found.append(
            JournalLine(
                seq=record.seq,
                time=record.time,
                stream=record.stream,
                type=record.type,
                line=record.line,
                hash=record.hash,
                took=float(record.took),
            )
        )
        if record.seq == last:
            break
    return found
