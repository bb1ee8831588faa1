"""Proving that a journal is complete and as it was written."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

import attrs

from nof0_core.errors import JournalError
from nof0_core.ids import TraderId
from nof0_core.journal.anchor import Anchor, AnchorCheck
from nof0_core.journal.days import NAME, Day, Days, DayState, read_days
from nof0_core.journal.formats import check_format
from nof0_core.journal.gaps import Range, missing, subtract, text
from nof0_core.journal.listing import Listing
from nof0_core.journal.pairs import pairs
from nof0_core.journal.places import day_of, kept_file, streams
from nof0_core.journal.record import Record
from nof0_core.journal.recover import gap_of, twins
from nof0_core.journal.scan import Fault, ScannedLine, scan
from nof0_core.journal.tally import Tally, away, changes, losses, ranges


@attrs.frozen(kw_only=True)
class Report:
    """What came of checking a journal.

    `last` is number and hash of the record with the highest number, None if there is none. `lost`
    are numbers that were lost and documented when it happened; they are no fault. `away` names the
    files of the days that are archived, and cannot be looked into here.
    """

    records: int
    streams: tuple[TraderId, ...]
    last: tuple[int, str] | None
    lost: tuple[Range, ...]
    away: tuple[str, ...]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.faults


def verify(
    root: Path,
    elsewhere: Mapping[TraderId, Path] | None = None,
    *,
    anchor: Anchor | None = None,
) -> Report:
    """Check every byte of a journal; changes nothing.

    Args:
        root: the directory of the streams.
        elsewhere: as for `Journal.open`.
        anchor: what was safe on disk once, noted outside of the journal. With it a journal that was
            cut off at the end, or written anew as a whole, is found too. Number 0 stands for an
            empty journal and proves nothing.

    Raises:
        JournalError: if a file or directory cannot be read, or the journal is of another format.
    """
    found = _Reading(anchor)
    places = streams(root, elsewhere or {})
    listed = _listed(root, found.faults)
    try:
        # A new one each time: an engine may be packing days meanwhile.
        check_format(places, Listing())
        known = {stream: places.get(stream, root / stream) for stream in {*listed, *places}}
        found.faults += [*losses(listed, known), *pairs(places, Listing())]
        missed = away(listed, known)
        found.unread += [entry for _, entry in missed]
        for stream, directory in places.items():
            found.read(stream, directory, listed.get(stream, {}))
    except OSError as error:
        message = f"the journal cannot be read: {error.strerror}: {error.filename}"
        raise JournalError(message) from error
    found.faults += changes(listed, known, found.tally.days())
    found.count()
    found.faults += found.unanchored(root, places)
    return Report(
        records=len(found.numbers),
        streams=tuple(places),
        last=found.last,
        lost=tuple(found.lost),
        away=tuple(f"{path} ({entry.state})" for path, entry in missed),
        faults=tuple(found.faults),
    )


class _Reading:
    """What is found while all streams are read; `unread` are the days nothing can be said of."""

    def __init__(self, anchor: Anchor | None) -> None:
        self.faults: list[Fault] = []
        self.unread: list[Day] = []
        self.numbers = array("q")
        self.lost: list[Range] = []
        self.last: tuple[int, str] | None = None
        self.tally = Tally()
        self._anchor = anchor
        self._anchored: str | None = None
        self._check = AnchorCheck(anchor)

    def read(self, stream: TraderId, directory: Path, days: Mapping[date, Day]) -> None:
        """Check every line of a stream; `days` are those that are closed."""
        # A compressed day that is cut is told by its size already.
        named = {fault.file for fault in self.faults}
        for line in scan(stream, directory, days, Listing(), _bridges(days, directory)):
            if line.fault is not None and (line.number or line.fault.file not in named):
                self.faults.append(line.fault)
            record = line.record
            if record is not None and (line.fault is None or line.fault.what != "hash"):
                self._take(stream, line, record)
            elif not line.number and (entry := days.get(day_of(line.file))) is not None:
                self.unread.append(entry)

    def _take(self, stream: TraderId, line: ScannedLine, record: Record) -> None:
        self.numbers.append(record.seq)
        self._check.take(stream, record.seq, record.hash)
        self.tally.take(stream, line, record)
        if self.last is None or record.seq > self.last[0]:
            self.last = record.seq, record.hash
        if self._anchor is not None and record.seq == self._anchor.last[0]:
            self._anchored = record.hash
        if (gap := gap_of(record)) is not None:
            self.lost.append(gap)

    def count(self) -> None:
        """Compare the numbers there are with those there should be."""
        self.lost.sort()
        self.faults += _count(sorted(self.numbers), self.lost, ranges(self.unread))

    def unanchored(self, root: Path, places: Mapping[TraderId, Path]) -> list[Fault]:
        """Return the anchored records that are not there, other than in days nobody could read."""

        def is_unread(number: int) -> bool:
            return any(entry.first <= number <= entry.last for entry in self.unread)

        ends = [f for f in self._check.faults(root, places) if not is_unread(f.seq or 0)]
        anchor = (0, "") if self._anchor is None else self._anchor.last
        if ends or not anchor[0] or self._anchored == anchor[1] or is_unread(anchor[0]):
            return ends
        return [_unanchored(anchor, self._anchored)]


def _listed(root: Path, faults: list[Fault]) -> Days:
    """Return the closed days as noted; where the note is damaged, that is a fault."""
    try:
        return read_days(root) or {}
    except JournalError:
        message = "it is damaged and proves nothing; the next start makes it anew"
        faults.append(Fault(what="day", message=message, file=str(root / NAME)))
        return {}


def _bridges(days: Mapping[date, Day], directory: Path) -> Collection[str]:
    """Return the hashes that the first record after a day that is elsewhere builds on."""
    return frozenset(
        entry.hash
        for day, entry in days.items()
        if entry.state is DayState.ARCHIVED and kept_file(directory, day) is None
    )


def _count(ordered: list[int], lost: list[Range], elsewhere: list[Range]) -> list[Fault]:
    """Compare the numbers there are with those there should be."""
    faults = [
        Fault(what="order", seq=number, message="there is more than one record of this number")
        for number in twins(ordered)
    ]
    faults.extend(
        Fault(what="missing", seq=first, message=f"no stream has {text(first, last)}")
        for first, last in subtract(subtract(missing(ordered), lost), elsewhere)
    )
    held = set(ordered) if lost else set()
    faults.extend(
        Fault(what="order", seq=number, message="it is there, but the journal says it was lost")
        for first, last in lost
        for number in range(first, last + 1)
        if number in held
    )
    return faults


def _unanchored(anchor: tuple[int, str], found: str | None) -> Fault:
    if found is None:
        message = "this record was the newest once and is not there: the end was cut off"
    else:
        message = "this record was another one once: the journal was written anew"
    return Fault(what="anchor", seq=anchor[0], message=message)
