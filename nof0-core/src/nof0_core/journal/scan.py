"""Going through a stream from its first record to its last, checking all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date
from pathlib import Path

import attrs

from nof0_core.files import opened
from nof0_core.ids import TraderId
from nof0_core.journal.formats import genesis
from nof0_core.journal.places import day_files
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

    `start` and `end` are offsets in bytes, `end` after the line break. `is_ended` tells whether
    there is a line break, `is_last` that the stream ends here. `record` is None where the line is
    none; `fault` is the first thing wrong with it.
    """

    file: Path
    number: int
    start: int
    end: int
    is_ended: bool
    is_last: bool
    record: Record | None
    fault: Fault | None


def scan(stream: TraderId, directory: Path, bridges: Collection[str] = ()) -> Iterator[ScannedLine]:
    """Yield every line of a stream with its first fault, if any.

    A record after a faulty one is measured against what the faulty one says of itself, so one
    changed byte is one fault. The first record of a file may also follow one of `bridges`: hashes
    of last records of days whose files are elsewhere.

    Raises:
        OSError: if a file cannot be read.
    """
    state = _State(stream, frozenset(bridges))
    held: ScannedLine | None = None
    for path in day_files(directory):
        start = number = 0
        with opened(path) as file:
            for raw in file:
                if held is not None:
                    yield held
                number += 1
                held = state.take(path, number, start, raw)
                start = held.end
    if held is not None:
        yield attrs.evolve(held, is_last=True)


class _State:
    """What the next record of a stream has to fit to."""

    def __init__(self, stream: TraderId, bridges: frozenset[str]) -> None:
        self._stream = stream
        self._bridges = bridges
        self._seq = 0
        self._day = date.min
        self._allowed: frozenset[str] | None = frozenset([genesis(stream)])

    def take(self, path: Path, number: int, start: int, raw: bytes) -> ScannedLine:
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
        if path.stem != day.isoformat():
            return "order", f"it belongs into the file of {day}"
        if not record.has_true_wall():
            return "wall", "not what was written: the checksum of the machine time does not fit"
        return None


def _fault(what: str, message: str, path: Path, number: int, record: Record | None) -> Fault:
    seq = None if record is None else record.seq
    return Fault(what=what, message=message, file=str(path), line=number, seq=seq)
