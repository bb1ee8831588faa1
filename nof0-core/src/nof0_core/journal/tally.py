"""What day files hold, counted while they are read, and measured against `days.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from nof0_core.ids import TraderId
from nof0_core.journal.bookmark import StreamMark
from nof0_core.journal.days import Day, Days, DayState
from nof0_core.journal.gaps import Range, text
from nof0_core.journal.places import day_file, day_of, is_packed, kept_file, packed_file
from nof0_core.journal.record import Record
from nof0_core.journal.scan import Fault, ScannedLine


class Tally:
    """Counts the lines of a journal by stream and day; only whole records count."""

    def __init__(self) -> None:
        self._days: Days = {}
        self._file: Path | None = None
        self._first = self._records = 0
        self._newest: tuple[TraderId, ScannedLine, Record] | None = None

    def resume(self, stream: TraderId, mark: StreamMark) -> None:
        """Begin behind what is known of a stream."""
        self._end_file()
        self._newest = self._file = None
        held = Day(
            first=mark.first,
            last=mark.seq,
            records=mark.records,
            hash=mark.hash,
            bytes=mark.bytes,
        )
        self._days.setdefault(stream, {})[mark.day] = held

    def take(self, stream: TraderId, line: ScannedLine, record: Record) -> None:
        """Count one line of a stream, in their order."""
        if line.file is not self._file:
            self._end_file()
            known = self._days.get(stream, {}).get(day_of(line.file))
            self._file = line.file
            self._first, self._records = (known.first, known.records) if known else (record.seq, 0)
        self._records += 1
        self._newest = stream, line, record

    def days(self) -> Days:
        """Return what each file holds that was counted so far."""
        self._end_file()
        return self._days

    def _end_file(self) -> None:
        if self._newest is not None:
            stream, line, record = self._newest
            self._days.setdefault(stream, {})[day_of(line.file)] = Day(
                first=self._first,
                last=record.seq,
                records=self._records,
                hash=record.hash,
                bytes=line.end,
            )


def losses(listed: Days, places: Mapping[TraderId, Path]) -> Iterator[Fault]:
    """Yield closed days whose files are not there, or not of their size: none has to be read."""
    for stream, day, entry in _entries(listed):
        path, size = _size(places[stream], day)
        if size is None:
            if entry.state is not DayState.ARCHIVED:
                yield _fault(path, stream, day, entry, "is missing")
            continue
        wanted = entry.packed_bytes if is_packed(path) else entry.bytes
        # A day that was packed after this note was read has no size in it yet.
        if wanted and size != wanted:
            problem = f"has {size} bytes instead of {wanted}" if size else "is empty"
            yield _fault(path, stream, day, entry, problem)


def changes(listed: Days, places: Mapping[TraderId, Path], found: Days) -> Iterator[Fault]:
    """Yield closed days that are not what they were, though their files have the right size."""
    for stream, day, entry in _entries(listed):
        now = found.get(stream, {}).get(day)
        if now is None:
            continue  # it was not read
        path = _place(places[stream], day)
        if now.bytes != entry.bytes and not is_packed(path):
            continue  # `losses` tells, or the lines themselves
        if not now.holds(entry):
            problem = f"holds {text(now.first, now.last)}"
            if (now.first, now.last) == (entry.first, entry.last):
                problem = "ends in another record of the same number: the journal was written anew"
            yield _fault(path, stream, day, entry, problem)


def away(listed: Days, places: Mapping[TraderId, Path]) -> list[tuple[Path, Day]]:
    """Return the archived days whose files are not back; each with the file that is missing."""
    return [
        (packed_file(places[stream], day), entry)
        for stream, day, entry in _entries(listed)
        if entry.state is DayState.ARCHIVED and kept_file(places[stream], day) is None
    ]


def ranges(days: Iterable[Day]) -> list[Range]:
    """Return from which number to which there may be records in these days; ascending."""
    return sorted((entry.first, entry.last) for entry in days)


def _entries(listed: Days) -> Iterator[tuple[TraderId, date, Day]]:
    for stream, days in listed.items():
        for day, entry in days.items():
            yield stream, day, entry


def _place(directory: Path, day: date) -> Path:
    return kept_file(directory, day) or day_file(directory, day)


def _size(directory: Path, day: date) -> tuple[Path, int | None]:
    """Return the file of a day and its size, None where none is there."""
    for path in (day_file(directory, day), packed_file(directory, day), day_file(directory, day)):
        try:
            return path, path.stat().st_size
        except FileNotFoundError:
            continue  # or it is packed right now: then the other one is there already
    return day_file(directory, day), None


def _fault(path: Path, stream: TraderId, day: date, entry: Day, problem: str) -> Fault:
    message = (
        f"the closed day {day} of {stream} {problem}; when it was closed it held "
        f"{text(entry.first, entry.last)}"
    )
    return Fault(what="day", message=message, file=str(path))
