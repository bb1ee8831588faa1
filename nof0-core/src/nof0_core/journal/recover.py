"""Finding out what a journal holds when it is opened, and mending what a crash left behind."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import attrs

from nof0_core.disk import sync_path
from nof0_core.domain.event import GapFound
from nof0_core.errors import JournalError
from nof0_core.files import in_words, opened
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal.anchor import Anchor, AnchorCheck
from nof0_core.journal.bookmark import Bookmark, StreamMark, check_mark
from nof0_core.journal.days import NAME, Day, Days, read_days
from nof0_core.journal.formats import check_format, genesis
from nof0_core.journal.gaps import Range, missing, subtract, text
from nof0_core.journal.listing import Listing
from nof0_core.journal.packing import in_file, tidy
from nof0_core.journal.pairs import pairs
from nof0_core.journal.places import day_file, kept_file, streams
from nof0_core.journal.proof import Proof
from nof0_core.journal.record import Record
from nof0_core.journal.scan import Fault, ScannedLine, scan
from nof0_core.journal.tally import Tally, away, changes, losses


@attrs.define(kw_only=True)
class StreamEnd:
    """Where a stream ends: its directory, its last record and its latest day.

    `seq` and `hash` are those of the last record, 0 and what the first one builds on if there is
    none. `first` is the number of the first record in the file of the latest `day`, `records` says
    how many it has, `bytes` is its size.
    """

    directory: Path
    hash: str
    seq: int = 0
    day: date = date.min
    first: int = 0
    records: int = 0
    bytes: int = 0


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


@attrs.frozen(kw_only=True)
class Newest:
    """The record with the highest number: that, its hash, and its time (UTC)."""

    seq: int
    hash: str
    time: datetime


@attrs.define(kw_only=True)
class Survey:
    """Everything a journal has to know to go on; `last` is the record with the highest number.

    `days` are the days that are closed now. `is_renewed` tells that `days.json` does not have them
    like this, `set_aside` where one that was damaged is kept.
    """

    ends: dict[TraderId, StreamEnd] = attrs.field(factory=dict)
    torn: list[Torn] = attrs.field(factory=list)
    gaps: list[Range] = attrs.field(factory=list)
    last: Newest | None = None
    days: Days = attrs.field(factory=dict)
    is_renewed: bool = False
    set_aside: Path | None = None


def recover(
    root: Path,
    elsewhere: Mapping[TraderId, Path],
    anchor: Anchor | None = None,
    mark: Bookmark | None = None,
) -> Survey:
    """Check every record, cut off torn last lines and find numbers that were lost.

    With a bookmark only what follows it is read; of what comes before it is seen that the files
    are there, have their sizes, and end where it says.

    What a power failure can have taken lies behind the newest `engine_started`, behind all that is
    anchored, in days that are not closed, and, where time ran by itself, behind the intent of every
    order that was answered: before it left, all up to it was on disk. `gaps` are the losses that no
    `gap` record tells of yet.

    Raises:
        CheckpointError: the bookmark does not fit; without one it may be opened all the same.
        JournalError: if it is of another format, a record is damaged, or missing where no power
            failure can have taken it.
    Nothing on disk has changed then.
    """
    listed, is_damaged = _listed(root)
    listing = Listing()
    try:
        places = streams(root, elsewhere)
        check_format(places, listing)
        known = {stream: places.get(stream, root / stream) for stream in {*listed, *places}}
        known_to = mark.seq if mark is not None else 0
        _refuse_away([(path, day) for path, day in away(listed, known) if day.last > known_to])
        _refuse_first(losses(listed, known))
        _refuse_first(pairs(places, listing))
        marks = _fitting(mark, root, known, listed, listing)
        found = _Finding(anchor, mark, listing)
        for stream, directory in places.items():
            found.read(stream, directory, listed.get(stream, {}), marks.get(stream))
        survey, days = found.survey, found.tally.days()
        _refuse_first(changes(listed, known, days))
        _refuse_first(found.anchored.faults(root, places))
        found.count()
        survey.torn = [_cut(stream, line) for stream, line in found.torn]
        _close(survey, listed, days, listing)
        if is_damaged:
            survey.set_aside = (root / NAME).replace(_free(root / NAME, "damaged"))
        # Whatever the last run left to the operating system is made safe now, before an
        # `engine_started` says so. Older files than these two have long been written.
        for directory in places.values():
            for path in (*listing.day_files(directory)[-2:], directory):
                sync_path(path)
    except OSError as error:
        message = f"the journal cannot be read: {error.strerror}: {error.filename}"
        raise JournalError(message) from error
    return survey


class _Finding:
    """What is found while all streams are read, before anything is changed."""

    def __init__(self, anchor: Anchor | None, mark: Bookmark | None, listing: Listing) -> None:
        self.survey = Survey()
        self._listing = listing
        self._after = mark.seq if mark is not None else 0
        if mark is not None:
            self.survey.last = Newest(seq=mark.seq, hash=mark.hash, time=mark.time)
        self.tally = Tally()
        self.anchored = AnchorCheck(anchor)
        self.torn: list[tuple[TraderId, ScannedLine]] = []
        self._proof = Proof(mark)
        self._numbers = array("q")
        self._documented: list[Range] = []

    def read(
        self,
        stream: TraderId,
        directory: Path,
        days: Mapping[date, Day],
        mark: StreamMark | None,
    ) -> None:
        """Check every line of a stream behind `mark`; `days` are those that are closed."""
        survey = self.survey
        end = survey.ends[stream] = StreamEnd(directory=directory, hash=genesis(stream))
        if mark is not None:
            end.hash, end.seq, end.day = mark.hash, mark.seq, mark.day
            self.anchored.resume(stream, mark.seq, mark.hash)
            self.tally.resume(stream, mark)
        for line in scan(stream, directory, days, self._listing, mark=mark):
            record = line.record
            if line.is_torn:
                self.torn.append((stream, line))
                return
            if line.fault is not None or record is None:
                message = str(line.fault)
                raise JournalError(message, hints=ADVICE)
            end.hash, end.seq = record.hash, record.seq
            end.day = max(end.day, record.time.astimezone(UTC).date())
            self._numbers.append(record.seq)
            self.anchored.take(stream, record.seq, record.hash)
            self.tally.take(stream, line, record)
            self._proof.take(record)
            if survey.last is None or record.seq > survey.last.seq:
                time = record.time.astimezone(UTC)
                survey.last = Newest(seq=record.seq, hash=record.hash, time=time)
            if (gap := gap_of(record)) is not None:
                self._documented.append(gap)

    def count(self) -> None:
        """Find the numbers that are missing; refuse what no power failure has taken."""
        ordered = sorted(self._numbers)
        if ordered and ordered[0] <= self._after:
            ordered = sorted([ordered[0], *ordered])
        lost = missing(ordered, self._after)
        self.survey.gaps = list(subtract(lost, sorted(self._documented)))
        _refuse(ordered, self.survey, self._documented, self._proof)


def _fitting(
    mark: Bookmark | None,
    root: Path,
    places: Mapping[TraderId, Path],
    days: Days,
    listing: Listing,
) -> Mapping[TraderId, StreamMark]:
    """Return the marks of all streams, once each was found where it should be."""
    if mark is None:
        return {}
    for stream, each in mark.streams.items():
        check_mark(stream, places.get(stream, root / stream), each, days.get(stream, {}), listing)
    return mark.streams


ADVICE = (
    "accounts and positions are rebuilt from the journal, so nothing runs on a damaged one",
    "`nof0 journal verify` lists all damage",
    (
        "put the files back from a copy, or with a database that has this run move the data "
        "directory away: the next start puts it back from there"
    ),
    (
        "or begin anew: --data-dir NEW, and another Name where a database has this run; what the "
        "venue holds then goes to @unassigned, with an alert"
    ),
)


def _listed(root: Path) -> tuple[Days, bool]:
    """Return the closed days as noted, and whether the note is damaged and says nothing."""
    try:
        return read_days(root) or {}, False
    except JournalError:
        # It proves what is there, nothing is made from it: it can be made anew.
        return {}, True


def _refuse_away(days: list[tuple[Path, Day]]) -> None:
    if not days:
        return
    path, entry = days[0]
    more = f" and {len(days) - 1} more" if len(days) > 1 else ""
    message = f"{path}{more}: {entry.state}, and there is no checkpoint that knows what was in it"
    hint = "put the files back from where `nof0 journal archive` took them, as they are"
    raise JournalError(message, hints=(hint, ADVICE[-1]))


def _refuse_first(faults: Iterator[Fault]) -> None:
    for fault in faults:
        message = str(fault)
        raise JournalError(message, hints=ADVICE)


def _close(survey: Survey, listed: Days, found: Days, listing: Listing) -> None:
    """Let every day be closed that is not the latest of its stream, and note where each is."""
    survey.days = {stream: dict(days) for stream, days in listed.items()}
    for stream, days in found.items():
        end, closed = survey.ends[stream], survey.days.setdefault(stream, {})
        # It may grow again: files of later days can be lost before they are noted.
        try:
            tidy(end.directory, listing, newest=end.day)
        except OSError as error:
            message = f"{error.filename or end.directory}: {in_words(error)}"
            hint = "what a crash left beside the journal is put in order first; nothing is lost"
            raise JournalError(
                message, hints=(hint, "make it possible, and start again")
            ) from error
        newest = days[end.day]
        end.first, end.records = newest.first, newest.records
        end.bytes = day_file(end.directory, end.day).stat().st_size
        for day, entry in days.items():
            if day == end.day and day not in closed:
                continue
            path = kept_file(end.directory, day)
            if path is None:
                continue  # archived, and no line of it had to be read
            now = in_file(closed.get(day, entry), path)
            if now != closed.get(day):
                closed[day] = now
                survey.is_renewed = True
                # Before it is noted that it is there.
                sync_path(path)


def gap_of(record: Record) -> Range | None:
    """Return the numbers a record documents as lost, None for all other records."""
    if record.type != GapFound.type or record.stream != ENGINE:
        return None
    body = record.event().body
    return (body.first, body.last) if isinstance(body, GapFound) else None


def twins(ordered: list[int]) -> list[int]:
    """Return the numbers that occur more than once in an ascending list."""
    return sorted({a for a, b in pairwise(ordered) if a == b})


def _refuse(ordered: list[int], survey: Survey, documented: list[Range], proof: Proof) -> None:
    doubled = twins(ordered)
    if doubled:
        message = f"the journal has more than one record {doubled[0]}"
        raise JournalError(message, hints=ADVICE)
    held = set(ordered) if documented else set()
    for first, last in documented:
        if any(number in held for number in range(first, last + 1)):
            message = f"the journal has {text(first, last)}, which it says were lost"
            raise JournalError(message, hints=ADVICE)
    for first, last in survey.gaps:
        reason = proof.of(first)
        if reason:
            message = f"the journal lacks {text(first, last)}: {reason}"
            raise JournalError(message, hints=(*_suspects(first, survey.ends), *ADVICE))


def _suspects(first: int, ends: Mapping[TraderId, StreamEnd]) -> list[str]:
    """Name the files whose ends may be what is missing: those of streams that end before it."""
    found = [
        f"{kept_file(end.directory, end.day)} (ends at record {end.seq})"
        for end in ends.values()
        if 0 < end.seq < first
    ]
    found += [f"{end.directory} (has no record)" for end in ends.values() if not end.seq]
    return [f"what is missing stood at the end of, or after: {', '.join(found)}"] if found else []


def _cut(stream: TraderId, line: ScannedLine) -> Torn:
    """Save a torn line beside its file and cut it off; the copy is on disk before the cut."""
    saved = _free(line.file, "torn")
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


def _free(file: Path, word: str) -> Path:
    saved = file.with_name(f"{file.name}.{word}")
    count = 1
    while saved.exists():
        count += 1
        saved = file.with_name(f"{file.name}.{word}{count}")
    return saved
