"""Reading records in the order they happened, without taking more apart than is asked for."""

from __future__ import annotations

import heapq
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from nof0_core.domain.event import Event
from nof0_core.errors import JournalError
from nof0_core.files import opened
from nof0_core.ids import TraderId
from nof0_core.journal.formats import check_format
from nof0_core.journal.places import day_files
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
    streams: Collection[TraderId] | None = None,
    types: Collection[str] | None = None,
) -> Iterator[Event]:
    """Yield the events with numbers above `after`, ascending, of some streams and types (or all).

    Reads what is on disk when it gets there. Hashes are not checked: `verify` and opening the
    journal do that. Skipping to `after` costs a few reads per stream, skipping a type no decoding.

    Raises:
        JournalError: if the journal is of another format, or a record cannot be taken apart, other
            than a torn last line.
    """
    for record in records(root, elsewhere, after=after, streams=streams, types=types):
        yield record.event()


def records(
    root: Path,
    elsewhere: Mapping[TraderId, Path],
    *,
    after: int = 0,
    streams: Collection[TraderId] | None = None,
    types: Collection[str] | None = None,
) -> Iterator[Record]:
    """Do as `read`, with the bodies still encoded."""
    places = all_streams(root, elsewhere)
    check_format(places)
    wanted = [
        _of_stream(directory, after, types)
        for stream, directory in places.items()
        if streams is None or stream in streams
    ]
    for _, line in heapq.merge(*wanted):
        yield parse(line)


def _of_stream(directory: Path, after: int, types: Collection[str] | None) -> Iterator[Found]:
    files = day_files(directory)
    for position, path in enumerate(_from(files, after)):
        with opened(path) as file:
            if position == 0 and after:
                file.seek(_offset(file.fileno(), os.fstat(file.fileno()).st_size, after))
            for raw in file:
                head = peek(raw)
                if not raw.endswith(b"\n"):
                    break  # being written, or torn: no record yet
                if head is None:
                    message = f"{path}: there is a line that is no record"
                    hint = "`nof0 journal verify` says which"
                    raise JournalError(message, hints=[hint])
                seq, type_ = head
                if seq > after and (types is None or type_ in types):
                    yield seq, raw[:-1]


def _from(files: list[Path], after: int) -> list[Path]:
    """Leave out the files all of whose records are at or before `after`."""
    if not after:
        return files
    for position in range(len(files) - 1, 0, -1):
        with opened(files[position]) as file:
            head = peek(file.read(_HEAD_SIZE))
        if head is not None and head[0] <= after + 1:
            return files[position:]
    return files


def _offset(descriptor: int, size: int, after: int) -> int:
    """Find the start of a line at or before the first record above `after`, by halving."""
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
