"""What a journal takes on disk, and who wrote how much of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import attrs

from nof0_core.ids import TraderId
from nof0_core.journal.content import DayContent, lines_of
from nof0_core.journal.days import Day, DayState, read_days
from nof0_core.journal.places import day_files, day_of, is_packed, streams
from nof0_core.journal.record import peek


@attrs.frozen(kw_only=True)
class DayUsage:
    """One day of a stream: `disk` bytes are here, `content` bytes were written.

    `records` and `content` are None where the day is compressed and `days.json` does not know it:
    the next start notes it.
    """

    stream: TraderId
    day: date
    state: DayState
    disk: int
    records: int | None
    content: int | None


@attrs.frozen(kw_only=True)
class TypeUsage:
    """All records of a type that are here."""

    type: str
    records: int
    content: int


def usage_by_day(root: Path, elsewhere: Mapping[TraderId, Path]) -> list[DayUsage]:
    """Return what each day of each stream takes, in order; nothing is unpacked for it.

    Raises:
        JournalError: `days.json` is damaged.
        OSError: a file cannot be read.
    """
    places, listed = streams(root, elsewhere), read_days(root) or {}
    found: list[DayUsage] = []
    for stream in sorted({*places, *listed}):
        days = dict(listed.get(stream, {}))
        files = day_files(places[stream]) if stream in places else []
        found += [_of_file(stream, path, days.pop(day_of(path), None)) for path in files]
        found += [
            DayUsage(
                stream=stream,
                day=day,
                state=entry.state,
                disk=0,
                records=entry.records,
                content=entry.bytes,
            )
            for day, entry in days.items()
        ]
    return sorted(found, key=lambda one: (one.stream, one.day))


def usage_by_type(root: Path, elsewhere: Mapping[TraderId, Path]) -> list[TypeUsage]:
    """Return what the records of each type take, most first; reads all of them.

    Raises:
        JournalError: a compressed day is damaged.
        OSError: a file cannot be read.
    """
    records: Counter[str] = Counter()
    content: Counter[str] = Counter()
    for directory in streams(root, elsewhere).values():
        for type_, size in _types(directory):
            records[type_] += 1
            content[type_] += size
    return [
        TypeUsage(type=type_, records=records[type_], content=size)
        for type_, size in content.most_common()
    ]


def _types(directory: Path) -> Iterator[tuple[str, int]]:
    for path in day_files(directory):
        for line in lines_of(DayContent(path)):
            head = peek(line)
            yield "(no record)" if head is None else head[1], len(line)


def _of_file(stream: TraderId, path: Path, entry: Day | None) -> DayUsage:
    is_small, disk = is_packed(path), path.stat().st_size
    records = None if entry is None else entry.records
    content = None if entry is None else entry.bytes
    if not is_small:
        content = disk
        records = _count(path) if records is None else records
    return DayUsage(
        stream=stream,
        day=day_of(path),
        state=DayState.COMPRESSED if is_small else DayState.HERE,
        disk=disk,
        records=records,
        content=content,
    )


def _count(path: Path) -> int:
    content, count = DayContent(path), 0
    while chunk := content.read():
        count += chunk.count(b"\n")
    return count
