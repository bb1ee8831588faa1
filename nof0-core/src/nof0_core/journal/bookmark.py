"""Up to where a journal is known: what a reader that remembers the rest need not read again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar

import attrs
import msgspec

from nof0_core.errors import CheckpointError, DamagedDayError, JournalError
from nof0_core.ids import TraderId
from nof0_core.journal.content import DayContent, read_at
from nof0_core.journal.days import Day
from nof0_core.journal.listing import Listing
from nof0_core.journal.places import day_file, day_of, is_packed, kept_file
from nof0_core.journal.record import TAIL_SIZE, hash_in


@attrs.frozen(kw_only=True)
class StreamMark:
    """Where a stream ended: its last record, and what the file of that record's day held by then.

    `first` is the number of that file's first record, `records` how many it had, `bytes` its size.
    """

    seq: int
    hash: str
    day: date
    first: int
    records: int
    bytes: int


@attrs.frozen(kw_only=True)
class Bookmark:
    """The newest record of a journal (number, hash, time in UTC) and the end of each stream.

    All of it was on disk for good when the bookmark was written down. `is_real_time` tells that
    the run that made it was on a clock that runs by itself.
    """

    name: ClassVar[str] = "journal"
    version: ClassVar[int] = 1
    seq: int
    hash: str
    time: datetime
    is_real_time: bool
    streams: Mapping[TraderId, StreamMark]

    def dump(self) -> bytes:
        """Return it as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def load(cls, data: bytes) -> Bookmark:
        """Read what `dump` has returned.

        Raises:
            msgspec.MsgspecError: it is something else.
        """
        return msgspec.json.decode(data, type=cls)


def check_mark(
    stream: TraderId,
    directory: Path,
    mark: StreamMark,
    days: Mapping[date, Day],
    listing: Listing,
) -> None:
    """See that the record a stream ended with is still where it stood; the others are not read.

    Raises:
        CheckpointError: another record stands there, or a day before it is not among the closed
            ones: the whole journal has to be read.
        JournalError: it is cut off.
        OSError: a file cannot be read.
    """
    for path in listing.day_files(directory):
        if day_of(path) < mark.day and day_of(path) not in days:
            message = f"{path} is not among the closed days"
            raise CheckpointError(message)
    kept = kept_file(directory, mark.day)
    entry = days.get(mark.day)
    if kept is None:
        if entry is not None and entry.last == mark.seq and entry.hash == mark.hash:
            return  # archived as it was
        raise _cut(stream, day_file(directory, mark.day), mark, "the file is missing")
    tail = _before(kept, mark.bytes)
    if len(tail) < TAIL_SIZE:
        raise _cut(stream, kept, mark, "the file is shorter now: its end was cut off")
    if hash_in(tail) != mark.hash:
        message = f"{kept}: record {mark.seq} is another one there"
        raise CheckpointError(message)


def _before(path: Path, end: int) -> bytes:
    """Return the last bytes of a record that ends at an offset of the content, without line break.

    Fewer come where the file is shorter.
    """
    start = max(0, end - TAIL_SIZE - 1)
    if not is_packed(path):
        return read_at(path, start, end - start)[: end - start - 1]
    content, found = DayContent(path), b""
    content.skip(start)
    try:
        while len(found) < end - start and (chunk := content.read(end - start)):
            found += chunk
    except DamagedDayError as error:
        raise CheckpointError(str(error)) from error
    return found[: end - start][:-1] if len(found) >= end - start else b""


def _cut(stream: TraderId, path: Path, mark: StreamMark, problem: str) -> JournalError:
    message = (
        f"{path}: record {mark.seq} of {stream} was safe on disk when the newest checkpoint was "
        f"made: {problem}"
    )
    return JournalError(
        message,
        hints=(
            "put the file back from a copy",
            "where the journal was put back from an older copy on purpose: take checkpoints/ away",
        ),
    )
