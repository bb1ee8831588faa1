"""Proving that a journal is complete and as it was written."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from pathlib import Path

import attrs

from nof0_core.errors import JournalError
from nof0_core.ids import TraderId
from nof0_core.journal.formats import check_format
from nof0_core.journal.gaps import Range, missing, subtract, text
from nof0_core.journal.places import streams
from nof0_core.journal.recover import gap_of, twins
from nof0_core.journal.scan import Fault, scan


@attrs.frozen(kw_only=True)
class Report:
    """What came of checking a journal.

    `last` is number and hash of the record with the highest number, None if there is none. `lost`
    are numbers that were lost and documented when it happened; they are no fault.
    """

    records: int
    streams: tuple[TraderId, ...]
    last: tuple[int, str] | None
    lost: tuple[Range, ...]
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.faults


def verify(
    root: Path,
    elsewhere: Mapping[TraderId, Path] | None = None,
    *,
    anchor: tuple[int, str] | None = None,
) -> Report:
    """Check every byte of a journal; changes nothing.

    Args:
        root: the directory of the streams.
        elsewhere: as for `Journal.open`.
        anchor: number and hash of a record, kept outside of the journal. With it a journal that was
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
    places = streams(root, elsewhere or {})
    try:
        check_format(places)
        for stream, directory in places.items():
            for line in scan(stream, directory):
                if line.fault is not None:
                    faults.append(line.fault)
                record = line.record
                if record is None or (line.fault is not None and line.fault.what == "hash"):
                    continue
                numbers.append(record.seq)
                if last is None or record.seq > last[0]:
                    last = record.seq, record.hash
                if anchor is not None and record.seq == anchor[0]:
                    anchored = record.hash
                if (gap := gap_of(record)) is not None:
                    lost.append(gap)
    except OSError as error:
        message = f"the journal cannot be read: {error.strerror}: {error.filename}"
        raise JournalError(message) from error
    lost.sort()
    faults.extend(_count(sorted(numbers), lost))
    if anchor is not None and anchor[0] and anchored != anchor[1]:
        faults.append(_unanchored(anchor, anchored))
    return Report(
        records=len(numbers),
        streams=tuple(places),
        last=last,
        lost=tuple(lost),
        faults=tuple(faults),
    )


def _count(ordered: list[int], lost: list[Range]) -> list[Fault]:
    """Compare the numbers there are with those there should be."""
    faults = [
        Fault(what="order", seq=number, message="there is more than one record of this number")
        for number in twins(ordered)
    ]
    faults.extend(
        Fault(what="missing", seq=first, message=f"no stream has {text(first, last)}")
        for first, last in subtract(missing(ordered), lost)
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
