"""What day files hold, counted while they are read, and measured against `days.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import attrs

from nof0_core.ids import TraderId
from nof0_core.journal.days import Day, Days, DayState
from nof0_core.journal.gaps import Range, text
from nof0_core.journal.places import day_file
from nof0_core.journal.record import Record
from nof0_core.journal.scan import Fault, ScannedLine


class Tally:
    """Counts the lines of a journal by stream and day; only whole records count."""

    def __init__(self) -> None:
        self._days: Days = {}
        self._file: Path | None = None
        self._first = 0
        self._newest: tuple[TraderId, ScannedLine, Record] | None = None

    def take(self, stream: TraderId, line: ScannedLine, record: Record) -> None:
        """Count one line of a stream, in their order."""
        if line.file is not self._file:
            self._end_file()
            self._file, self._first = line.file, record.seq
        self._newest = stream, line, record

    def days(self) -> Days:
        """Return what each file holds that was counted so far."""
        self._end_file()
        return self._days

    def _end_file(self) -> None:
        if self._newest is not None:
            stream, line, record = self._newest
            self._days.setdefault(stream, {})[date.fromisoformat(line.file.stem)] = Day(
                first=self._first, last=record.seq, hash=record.hash, bytes=line.end
            )


def losses(listed: Days, places: Mapping[TraderId, Path]) -> Iterator[Fault]:
    """Yield closed days whose files are not there, or not of their size: no line has to be read."""
    for stream, day, entry, path in _files(listed, places):
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            if entry.state is DayState.HERE:
                yield _fault(path, stream, day, entry, "is missing")
            continue
        if size != entry.bytes:
            problem = f"has {size} bytes instead of {entry.bytes}" if size else "is empty"
            yield _fault(path, stream, day, entry, problem)


def changes(listed: Days, places: Mapping[TraderId, Path], found: Days) -> Iterator[Fault]:
    """Yield closed days that are not what they were, though their files have the right size."""
    for stream, day, entry, path in _files(listed, places):
        now = found.get(stream, {}).get(day)
        if now is None or now.bytes != entry.bytes:
            continue  # `losses` tells, or the lines themselves
        if attrs.evolve(now, state=entry.state) != entry:
            problem = f"holds {text(now.first, now.last)}"
            if (now.first, now.last) == (entry.first, entry.last):
                problem = "ends in another record of the same number: the journal was written anew"
            yield _fault(path, stream, day, entry, problem)


def away(listed: Days, places: Mapping[TraderId, Path]) -> list[tuple[Path, Day]]:
    """Return the closed days that are not in their files because they were put elsewhere."""
    return [
        (path, entry)
        for _, _, entry, path in _files(listed, places)
        if entry.state is not DayState.HERE and not path.exists()
    ]


def ranges(days: list[tuple[Path, Day]]) -> list[Range]:
    """Return from which number to which there may be records in these days; ascending."""
    return sorted((entry.first, entry.last) for _, entry in days)


def _files(
    listed: Days, places: Mapping[TraderId, Path]
) -> Iterator[tuple[TraderId, date, Day, Path]]:
    for stream, days in listed.items():
        for day, entry in days.items():
            yield stream, day, entry, day_file(places[stream], day)


def _fault(path: Path, stream: TraderId, day: date, entry: Day, problem: str) -> Fault:
    message = (
        f"the closed day {day} of {stream} {problem}; when it was closed it held "
        f"{text(entry.first, entry.last)}"
    )
    return Fault(what="day", message=message, file=str(path))
