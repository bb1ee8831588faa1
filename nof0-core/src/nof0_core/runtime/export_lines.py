"""The journal's lines and checkpoints for an exporter that keeps them as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

import anyio.to_thread

from nof0_core.domain.journal_line import CheckpointFile, JournalLine
from nof0_core.errors import CheckpointError
from nof0_core.files import read_bytes
from nof0_core.journal import Journal, Record
from nof0_core.state import checkpoint


class LinesOfJournal:
    """Reads lines in their order; going on where the last reading ended costs no search."""

    def __init__(self, journal: Journal, checkpoints: Path | None = None) -> None:
        """Read a journal; `checkpoints` is where those are, None: there are none."""
        self._journal = journal
        self._checkpoints = checkpoints
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

    async def checkpoint(self, above: int) -> CheckpointFile | None:
        """Return the newest checkpoint, if it is of a record above a number; else None.

        One that is damaged is none.
        """
        if self._checkpoints is None:
            return None
        newest = next(iter(checkpoint.found(self._checkpoints)), None)
        if newest is None or checkpoint.seq_of(newest) <= above:
            return None
        return await anyio.to_thread.run_sync(_whole, newest)


def _whole(path: Path) -> CheckpointFile | None:
    try:
        kept = checkpoint.read(path)
        data = read_bytes(path)
    except (CheckpointError, OSError):
        return None
    return CheckpointFile(seq=kept.seq, hash=kept.hash, data=data)


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
