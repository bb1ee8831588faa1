"""Going through a stream from its first record to its last, checking all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date
from pathlib import Path

import attrs

from nof0_core.errors import DamagedDayError
from nof0_core.ids import TraderId
from nof0_core.journal.bookmark import StreamMark
from nof0_core.journal.content import DayContent, damage, lines_of
from nof0_core.journal.days import Day
from nof0_core.journal.formats import genesis
from nof0_core.journal.listing import Listing
from nof0_core.journal.places import day_of, is_packed
from nof0_core.journal.record import Record, parse


@attrs.frozen(kw_only=True)
class Fault:
    """One thing that is wrong, at one place.

    `what` is `hash` (content changed), `prev` (does not follow the record before it), `order`
    (number not ascending, or in the wrong file), `missing` (a number nobody has), `unparsable`,
    `wall` (machine time changed), `day` (a closed day is not what it was) or `anchor`. `line`
    counts from 1; it is 0 where the fault is that of a whole file, and `file` is empty as well
    where it has no place (a record that is not there). `seq` is what the line says, None where it
    says none.
    """

    what: str
    message: str
    file: str = ""
    line: int = 0
    seq: int | None = None

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        place = f"{self.file}{line}: " if self.file else ""
        record = "" if self.seq is None else f"record {self.seq}: "
        return f"{place}{record}{self.what}: {self.message}"


@attrs.frozen(kw_only=True)
class ScannedLine:
    """A line of a stream with its place.

    `start` and `end` are offsets in bytes of content, `end` after the line break. `is_ended` tells
    whether there is a line break, `is_last` that the stream ends here. `record` is None where the
    line is none; `fault` is the first thing wrong with it. A compressed day that is damaged stands
    for all its lines, with the number 0: nothing in it can be told from rubbish.
    """

    file: Path
    number: int
    start: int
    end: int
    is_ended: bool
    is_last: bool
    record: Record | None
    fault: Fault | None

    @property
    def is_torn(self) -> bool:
        """Tell whether this is what a crash leaves at the end of a file that was being written."""
        is_whole = self.record is not None and self.is_ended
        return self.is_last and not is_whole and not is_packed(self.file)


def scan(
    stream: TraderId,
    directory: Path,
    days: Mapping[date, Day],
    listing: Listing,
    bridges: Collection[str] = (),
    mark: StreamMark | None = None,
) -> Iterator[ScannedLine]:
    """Yield every line of a stream with its first fault, if any.

    A record after a faulty one is measured against what the faulty one says of itself, so one
    changed byte is one fault.

    Args:
        stream: its name.
        directory: where its files are.
        days: its closed days as `days.json` has them, which knows the compressed files.
        listing: what was found in the directories.
        bridges: hashes of last records of days whose files are elsewhere, which the first record
            of a file may follow as well.
        mark: how far it is known; only what follows is looked at.

    Raises:
        OSError: if a file cannot be read.
    """
    chain = Chain(stream, follows=genesis(stream), bridges=frozenset(bridges))
    if mark is not None:
        chain = Chain(stream, follows=mark.hash, behind=mark)
    held: ScannedLine | None = None
    for path in listing.day_files(directory):
        begin = (0, 0)
        if mark is not None and (day := day_of(path)) <= mark.day:
            if day < mark.day:
                continue
            begin = mark.records, mark.bytes
        entry = days.get(day_of(path))
        for line in _of_file(chain, path, "" if entry is None else entry.packed_hash, begin):
            if held is not None:
                yield held
            held = line
    if held is not None:
        yield attrs.evolve(held, is_last=True)


def _of_file(
    chain: Chain, path: Path, digest: str, begin: tuple[int, int]
) -> Iterator[ScannedLine]:
    if reason := damage(path, digest):
        yield chain.break_off(path, reason)
        return
    number, start = begin
    content = DayContent(path)
    content.skip(start)
    try:
        for raw in lines_of(content):
            number += 1
            line = chain.take(path, number, start, raw)
            start = line.end
            yield line
    except DamagedDayError as error:  # packed since it was looked at
        yield chain.break_off(path, error.reason)


class Chain:
    """What the next record of a stream has to fit to.

    Args:
        stream: its name.
        follows: hash of the record before the first one; None: it may follow any.
        bridges: as for `scan`.
        behind: the record before the first one, where that is not the beginning.
    """

    def __init__(
        self,
        stream: TraderId,
        *,
        follows: str | None,
        bridges: frozenset[str] = frozenset(),
        behind: StreamMark | None = None,
    ) -> None:
        self._stream = stream
        self._bridges = bridges
        self._seq = behind.seq if behind is not None else 0
        self._day = behind.day if behind is not None else date.min
        self._allowed = None if follows is None else frozenset([follows])

    def break_off(self, path: Path, reason: str) -> ScannedLine:
        """Go on behind a file that cannot be read; returns what stands for it."""
        self._allowed = None
        message = (
            f"the closed day {day_of(path)} of {self._stream} is damaged: {reason}; put the file "
            "back from a copy"
        )
        return ScannedLine(
            file=path,
            number=0,
            start=0,
            end=0,
            is_ended=True,
            is_last=False,
            record=None,
            fault=Fault(what="day", message=message, file=str(path)),
        )

    def take(self, path: Path, number: int, start: int, raw: bytes) -> ScannedLine:
        """Measure a line against the one before, and go on to the next."""
        is_ended = raw.endswith(b"\n")
        record: Record | None = None
        try:
            record = parse(raw[:-1] if is_ended else raw)
        except ValueError as error:
            fault: tuple[str, str] | None = ("unparsable", f"not a record: {error}")
            self._allowed = None  # nothing is known of this line, so anything may follow it
        else:
            fault = self._judge(record, path, is_first=number == 1)
        if fault is None and not is_ended:
            fault = ("unparsable", "the line has no end: it was not written completely")
        return ScannedLine(
            file=path,
            number=number,
            start=start,
            end=start + len(raw),
            is_ended=is_ended,
            is_last=False,
            record=record,
            fault=fault and _fault(*fault, path, number, record),
        )

    def _judge(self, record: Record, path: Path, *, is_first: bool) -> tuple[str, str] | None:
        digest = record.compute_hash()
        allowed, self._allowed = self._allowed, frozenset((digest, record.hash))
        if record.hash != digest:
            return "hash", "not what was written: the hash does not fit the content"
        last, self._seq = self._seq, max(self._seq, record.seq)
        day = self._day = max(self._day, record.time.astimezone(UTC).date())
        if record.stream != self._stream:
            return "order", f"it belongs to the stream {record.stream}"
        is_bridged = is_first and record.prev in self._bridges
        if allowed is not None and record.prev not in allowed and not is_bridged:
            after = f"record {last}" if last else "the beginning of the stream"
            return "prev", f"it does not follow {after}: records were removed, added or moved"
        if record.seq <= last:
            return "order", f"its number comes after {last}"
        if day_of(path) != day:
            return "order", f"it belongs into the file of {day}"
        if not record.has_true_wall():
            return "wall", "not what was written: the checksum of the machine time does not fit"
        return None


def _fault(what: str, message: str, path: Path, number: int, record: Record | None) -> Fault:
    seq = None if record is None else record.seq
    return Fault(what=what, message=message, file=str(path), line=number, seq=seq)
