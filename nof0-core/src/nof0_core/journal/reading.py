"""Reading records in the order they happened, without taking more apart than is asked for."""

from __future__ import annotations

import heapq
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from nof0_core.domain.event import Event
from nof0_core.errors import DamagedDayError, JournalError
from nof0_core.files import open_regular
from nof0_core.ids import TraderId
from nof0_core.journal.content import DayContent, lines_of
from nof0_core.journal.formats import check_format
from nof0_core.journal.listing import Listing
from nof0_core.journal.places import is_packed
from nof0_core.journal.places import streams as all_streams
from nof0_core.journal.record import Record, parse, peek

_HEAD_SIZE = 1024
"""Enough bytes of a line to hold everything before its body."""

Found = tuple[int, bytes]
"""Number and line (without line break) of a record."""


def read(
    root: Path,
    elsewhere: Mapping[TraderId, Path],
    *,
    after: int = 0,
    until: int | None = None,
    streams: Collection[TraderId] | None = None,
    types: Collection[str] | None = None,
) -> Iterator[Event]:
    """Yield the events with numbers above `after`, ascending, of some streams and types (or all).

    Reads what is on disk when it gets there: of a journal that grows meanwhile, a stream that was
    read to its end may lack what others have by then. Where that matters, `until` is the last
    number wanted, all up to which is on disk already. Days that are archived are left out.

    Hashes are not checked: `verify` and opening the journal do that. Skipping to `after` costs a
    few reads per stream, and unpacking what stands before it where its day is compressed; skipping
    a type costs no decoding. One file is open at a time, and of each stream a chunk is in memory.

    Raises:
        JournalError: if the journal is of another format, or a record cannot be taken apart, other
            than a torn last line, or a compressed day is damaged.
    """
    for record in records(root, elsewhere, after=after, until=until, streams=streams, types=types):
        yield record.event()


def records(
    root: Path,
    elsewhere: Mapping[TraderId, Path],
    *,
    after: int = 0,
    until: int | None = None,
    streams: Collection[TraderId] | None = None,
    types: Collection[str] | None = None,
) -> Iterator[Record]:
    """Do as `read`, with the bodies still encoded."""
    places, listing = all_streams(root, elsewhere), Listing()
    check_format(places, listing)
    wanted = [
        _of_stream(listing.day_files(directory), after, until, types)
        for stream, directory in places.items()
        if streams is None or stream in streams
    ]
    for _, line in heapq.merge(*wanted):
        yield parse(line)


def _of_stream(
    files: list[Path], after: int, until: int | None, types: Collection[str] | None
) -> Iterator[Found]:
    for position, path in enumerate(_from(files, after)):
        content = DayContent(path)
        if position == 0 and after and not is_packed(path):
            content.skip(_offset(path, after))
        try:
            for raw in lines_of(content):
                head = peek(raw)
                if not raw.endswith(b"\n"):
                    break  # being written, or torn: no record yet
                if head is None:
                    message = f"{path}: there is a line that is no record"
                    hints = "`nof0 journal verify` says which", "put the file back from a copy"
                    raise JournalError(message, hints=hints)
                seq, type_ = head
                if until is not None and seq > until:
                    return
                if seq > after and (types is None or type_ in types):
                    yield seq, raw[:-1]
        except FileNotFoundError as error:
            message = f"{path} is not there any more: it was removed or archived meanwhile"
            hint = "read again; `nof0 journal verify` says what is missing"
            raise JournalError(message, hints=[hint]) from error


def _from(files: list[Path], after: int) -> list[Path]:
    """Leave out the files all of whose records are at or before `after`, by halving."""
    if not after:
        return files
    best, low, high = 0, 1, len(files)
    while low < high:
        at = middle = (low + high) // 2
        while (head := _head(files[at])) is None and at > low:
            at -= 1
        if head is not None and head > after + 1:
            high = at
            continue
        best, low = best if head is None else at, middle + 1
    return files[best:]


def _head(path: Path) -> int | None:
    """Return the number of the first record of a file, None where there is none."""
    try:
        found = peek(DayContent(path).read(_HEAD_SIZE))
    except (DamagedDayError, FileNotFoundError):
        return None  # told by whoever has to read it
    return found[0] if found else None


def _offset(path: Path, after: int) -> int:
    """Find the start of a line at or before the first record above `after`, by halving."""
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return 0  # packed meanwhile
    try:
        return _halved(descriptor, os.fstat(descriptor).st_size, after)
    finally:
        os.close(descriptor)


def _halved(descriptor: int, size: int, after: int) -> int:
    low, high = 0, size
    while high - low > 64 * 1024:
        middle = (low + high) // 2
        start = _next_line(descriptor, middle, high)
        head = peek(os.pread(descriptor, _HEAD_SIZE, start)) if start < high else None
        if head is None or head[0] > after:
            high = middle
        else:
            low = start
    return low


def _next_line(descriptor: int, offset: int, end: int) -> int:
    """Return where the next line begins after `offset`, or `end` if none does before it."""
    while offset < end:
        block = os.pread(descriptor, 64 * 1024, offset)
        found = block.find(b"\n")
        if found >= 0:
            return offset + found + 1
        if not block:
            break
        offset += len(block)
    return end
