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
from nof0_core.journal.places import day_file, streams
from nof0_core.journal.recover import gap_of, twins
from nof0_core.journal.scan import Fault, scan
from nof0_core.journal.tally import Tally, away, changes, losses, ranges


@attrs.frozen(kw_only=True)
class Report:
    """What came of checking a journal.

    `last` is number and hash of the record with the highest number, None if there is none. `lost`
    are numbers that were lost and documented when it happened; they are no fault. `away` names the
    closed days that are compressed or archived, and cannot be looked into here.
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
    faults: list[Fault] = []
    numbers = array("q")
    lost: list[Range] = []
    last: tuple[int, str] | None = None
    anchored: str | None = None
    check, tally = AnchorCheck(anchor), Tally()
    places = streams(root, elsewhere or {})
    listed = _listed(root, faults)
    try:
        check_format(places)
        known = {stream: places.get(stream, root / stream) for stream in {*listed, *places}}
        faults.extend(losses(listed, known))
        lost_or_away = away(listed, known)
        for stream, directory in places.items():
            for line in scan(stream, directory, _bridges(listed.get(stream, {}), known[stream])):
                if line.fault is not None:
                    faults.append(line.fault)
                record = line.record
                if record is None or (line.fault is not None and line.fault.what == "hash"):
                    continue
                numbers.append(record.seq)
                check.take(stream, record.seq, record.hash)
                tally.take(stream, line, record)
                if last is None or record.seq > last[0]:
                    last = record.seq, record.hash
                if anchor is not None and record.seq == anchor.last[0]:
                    anchored = record.hash
                if (gap := gap_of(record)) is not None:
                    lost.append(gap)
    except OSError as error:
        message = f"the journal cannot be read: {error.strerror}: {error.filename}"
        raise JournalError(message) from error
    lost.sort()
    faults.extend(changes(listed, known, tally.days()))
    faults.extend(_count(sorted(numbers), lost, ranges(lost_or_away)))
    ends = list(check.faults(root, places))
    faults.extend(ends)
    if anchor is not None and anchor.last[0] and anchored != anchor.last[1] and not ends:
        faults.append(_unanchored(anchor.last, anchored))
    return Report(
        records=len(numbers),
        streams=tuple(places),
        last=last,
        lost=tuple(lost),
        away=tuple(f"{path} ({entry.state})" for path, entry in lost_or_away),
        faults=tuple(faults),
    )


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
        if entry.state is not DayState.HERE and not day_file(directory, day).exists()
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
