"""Finding out what a journal holds when it is opened, and mending what a crash left behind."""

from __future__ import annotations

import os
from array import array
from collections.abc import Mapping
from datetime import UTC, date
from itertools import pairwise
from pathlib import Path

import attrs

from nof0_core.disk import sync_path
from nof0_core.domain.event import EngineStarted, GapFound
from nof0_core.errors import JournalError
from nof0_core.files import opened
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal.formats import check_format, genesis
from nof0_core.journal.gaps import Range, missing, subtract, text
from nof0_core.journal.places import day_files, streams
from nof0_core.journal.record import Record
from nof0_core.journal.scan import ScannedLine, scan


@attrs.define(kw_only=True)
class StreamEnd:
    """Where a stream ends: its directory, the hash of its last record and its latest day."""

    directory: Path
    head: str
    day: date = date.min


@attrs.frozen(kw_only=True)
class Torn:
    """A line that was written only in part and was cut off.

    `line` counts from 1 in `file`; `size` is in bytes; `saved` is the file that keeps the part.
    """

    stream: TraderId
    file: Path
    line: int
    size: int
    saved: Path


@attrs.define(kw_only=True)
class Survey:
    """Everything a journal has to know to go on; `last` is the record with the highest number."""

    ends: dict[TraderId, StreamEnd] = attrs.field(factory=dict)
    torn: list[Torn] = attrs.field(factory=list)
    gaps: list[Range] = attrs.field(factory=list)
    last: Record | None = None


def recover(root: Path, elsewhere: Mapping[TraderId, Path]) -> Survey:
    """Check every record, cut off torn last lines and find numbers that were lost.

    A loss can only lie behind the newest `engine_started`: what stands before it was complete and
    on disk when the engine started. `gaps` are the losses that no `gap` record tells of yet.

    Raises:
        JournalError: if it is of another format, a record is damaged, or missing where no power
        failure can have taken it.
    """
    survey = Survey()
    numbers = array("q")
    documented: list[Range] = []
    started = 0
    try:
        places = streams(root, elsewhere)
        check_format(places)
        for stream, directory in places.items():
            end = survey.ends[stream] = StreamEnd(directory=directory, head=genesis(stream))
            for line in scan(stream, directory):
                record = line.record
                if line.is_last and (record is None or not line.is_ended):
                    survey.torn.append(_cut(stream, line))
                    break
                if line.fault is not None or record is None:
                    message = str(line.fault)
                    raise JournalError(message, hints=_ADVICE)
                end.head = record.hash
                end.day = max(end.day, record.time.astimezone(UTC).date())
                numbers.append(record.seq)
                if survey.last is None or record.seq > survey.last.seq:
                    survey.last = record
                if record.type == EngineStarted.type:
                    started = max(started, record.seq)
                elif (gap := gap_of(record)) is not None:
                    documented.append(gap)
            # Whatever the last run left to the operating system is made safe now, before an
            # `engine_started` says so. Older files than these two have long been written.
            for path in (*day_files(directory)[-2:], directory):
                sync_path(path)
    except OSError as error:
        message = f"the journal cannot be read: {error.strerror}: {error.filename}"
        raise JournalError(message) from error
    ordered = sorted(numbers)
    survey.gaps = list(subtract(missing(ordered), sorted(documented)))
    _refuse(ordered, survey.gaps, documented, started)
    return survey


_ADVICE = (
    "accounts and positions are rebuilt from the journal, so nothing runs on a damaged one",
    "`nof0 journal verify` lists all damage",
    "put the files back from a copy, or start with a new data directory",
)


def gap_of(record: Record) -> Range | None:
    """Return the numbers a record documents as lost, None for all other records."""
    if record.type != GapFound.type or record.stream != ENGINE:
        return None
    body = record.event().body
    return (body.first, body.last) if isinstance(body, GapFound) else None


def twins(ordered: list[int]) -> list[int]:
    """Return the numbers that occur more than once in an ascending list."""
    return sorted({a for a, b in pairwise(ordered) if a == b})


def _refuse(ordered: list[int], gaps: list[Range], documented: list[Range], started: int) -> None:
    doubled = twins(ordered)
    if doubled:
        message = f"the journal has more than one record {doubled[0]}"
        raise JournalError(message, hints=_ADVICE)
    held = set(ordered) if documented else set()
    for first, last in documented:
        if any(number in held for number in range(first, last + 1)):
            message = f"the journal has {text(first, last)}, which it says were lost"
            raise JournalError(message, hints=_ADVICE)
    for first, last in gaps:
        if first < started:
            message = f"the journal lacks {text(first, last)}: deleted after record {started}"
            raise JournalError(message, hints=_ADVICE)


def _cut(stream: TraderId, line: ScannedLine) -> Torn:
    """Save a torn line beside its file and cut it off; the copy is on disk before the cut."""
    saved = _free(line.file)
    with opened(line.file) as file, saved.open("xb") as copy:
        file.seek(line.start)
        copy.write(file.read())
        copy.flush()
        os.fsync(copy.fileno())
    os.truncate(line.file, line.start)
    return Torn(
        stream=stream,
        file=line.file,
        line=line.number,
        size=line.end - line.start,
        saved=saved,
    )


def _free(file: Path) -> Path:
    saved = file.with_name(f"{file.name}.torn")
    count = 1
    while saved.exists():
        count += 1
        saved = file.with_name(f"{file.name}.torn{count}")
    return saved
