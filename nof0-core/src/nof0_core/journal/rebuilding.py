"""Putting lines back into the file of a stream's day, byte for byte."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from nof0_core.disk import sync_path
from nof0_core.errors import JournalError
from nof0_core.ids import TraderId
from nof0_core.journal.content import DayContent, lines_of
from nof0_core.journal.days import Day
from nof0_core.journal.formats import genesis
from nof0_core.journal.places import day_file, draft_of, is_packed, kept_file
from nof0_core.journal.record import Record, parse


class DayRebuilding:
    """The file of a day, made anew of the lines it gets and those it has already.

    Each line is checked against its hash and the one before it. The file is in its place, whole
    and on disk, after `put`, or it stays as it is. A torn last line is left out.
    """

    def __init__(self, directory: Path, stream: TraderId, day: date, *, before: str = "") -> None:
        """Read what is there; `before` is the hash of the stream's record before the day.

        Raises:
            JournalError: the day is compressed: it can only be put back from a copy.
        """
        self._directory, self._stream, self._day = directory, stream, day
        self._path = day_file(directory, day)
        self._draft = draft_of(self._path)
        self._head = before or genesis(stream)
        self._there = _lines(directory, day)
        self._first: Record | None = None
        self._last: Record | None = None
        self._count = self._size = 0

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._draft.open("wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        with suppress(OSError):
            self._draft.unlink(missing_ok=True)

    def add(self, line: bytes, digest: str) -> bool:
        """Add the line with the next higher number and this hash; tell whether the day lacks it.

        Raises:
            JournalError: it was changed, or is not the one behind the one before.
        """
        record = _parsed(line, self._stream)
        if record.hash != digest:
            raise _changed(record)
        for seq in [each for each in self._there if each < record.seq]:
            self._write(self._there.pop(seq))
        is_new = self._there.pop(record.seq, None) is None
        self._write(record)
        return is_new

    def put(self) -> Day | None:
        """Put the file in its place; return what it holds, None for nothing."""
        for record in self._there.values():
            self._write(record)
        self._there = {}
        self._file.flush()
        os.fsync(self._file.fileno())
        if self._first is None or self._last is None:
            return None
        self._draft.replace(self._path)
        sync_path(self._path.parent)
        return Day(
            first=self._first.seq,
            last=self._last.seq,
            records=self._count,
            hash=self._last.hash,
            bytes=self._size,
        )

    def _write(self, record: Record) -> None:
        if record.compute_hash() != record.hash or record.prev != self._head:
            raise _changed(record)
        self._file.write(record.line + b"\n")
        self._first, self._last, self._head = self._first or record, record, record.hash
        self._count += 1
        self._size += len(record.line) + 1


def _lines(directory: Path, day: date) -> dict[int, Record]:
    path = kept_file(directory, day)
    if path is None:
        return {}
    if is_packed(path):
        message = f"{path} lacks records, and is compressed: put it back from a copy"
        raise JournalError(message)
    found: dict[int, Record] = {}
    for line in lines_of(DayContent(path)):
        if not line.endswith(b"\n"):
            break
        try:
            record = parse(line[:-1])
        except ValueError as error:
            message = f"{path}: a line is damaged: {error}"
            raise JournalError(
                message, hints=("`nof0 journal verify` lists all damage",)
            ) from error
        found[record.seq] = record
    return found


def _changed(record: Record) -> JournalError:
    message = (
        f"record {record.seq} of {record.stream} was changed, or the one before it is missing: it "
        "cannot be put back"
    )
    return JournalError(message, hints=("`nof0 db check` says what else differs",))


def _parsed(line: bytes, stream: TraderId) -> Record:
    try:
        record = parse(line)
    except ValueError as error:
        message = f"a line of {stream} in the database is damaged: {error}"
        raise JournalError(message) from error
    if record.stream != stream:
        message = f"record {record.seq} of {record.stream} stands under {stream} in the database"
        raise JournalError(message)
    return record
