"""The journal: everything that happened, numbered, chained and kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import anyio.to_thread

from nof0_core.clock import wall_time
from nof0_core.domain.event import Body, Event, GapFound
from nof0_core.errors import JournalError
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal.anchor import Anchor, StreamAnchor
from nof0_core.journal.bookmark import Bookmark, StreamMark
from nof0_core.journal.days import NAME, ClosedDays, Day
from nof0_core.journal.formats import genesis
from nof0_core.journal.gaps import Range
from nof0_core.journal.places import check_stream, day_file, settle
from nof0_core.journal.reading import read, records
from nof0_core.journal.record import NOBODY, Record, build
from nof0_core.journal.recover import StreamEnd, Torn, recover
from nof0_core.journal.tail import DayFile
from nof0_core.journal.tails import Tails

GENESIS = genesis(ENGINE)
"""What stands for the hash of the last record while there is none."""


class Journal:
    """Append-only record of a data directory; one process may have it open.

    Events are numbered from 1 over all streams. `append` keeps them in memory, `flush` hands them
    to the operating system (a killed process loses nothing), `sync` to the disk (a power failure
    loses nothing), `sync_beside` does so without keeping the event loop. Not for use from several
    threads at once.

    `recovered` are the torn lines that were cut off when it was opened, `gaps` the numbers that
    were found lost then, `set_aside` is where a damaged `days.json` went. `last` is number and hash
    of the newest record, `safe` what is on disk for good: keep it somewhere else to be able to
    prove later that nothing was cut off at the end. `days` are the closed days, which another
    thread may pack; `when_closed` is called after some were noted, and must not wait or raise.
    """

    def __init__(
        self,
        *,
        root: Path,
        elsewhere: Mapping[TraderId, Path],
        wall: Callable[[], datetime],
        instance: str,
        lease: int,
        ends: dict[TraderId, StreamEnd],
        days: ClosedDays,
        last: tuple[int, str],
        time: datetime | None,
        recovered: tuple[Torn, ...],
        gaps: tuple[Range, ...],
        set_aside: Path | None,
    ) -> None:
        """Take over what `open` has found; use `open`."""
        self.root = root
        self.recovered = recovered
        self.gaps = gaps
        self.set_aside = set_aside
        self.last = last
        self._time = time
        self.safe = _anchor(ends, last)
        self._elsewhere = dict(elsewhere)
        self._wall = wall
        self._instance = instance
        self._lease = lease
        self._ends = ends
        self.days = days
        self.when_closed: Callable[[], None] = lambda: None
        self._closed: list[tuple[TraderId, date, Day]] = []
        self._listing = anyio.Lock()
        self._tails = Tails()
        self._written = last[0]
        self._failed = ""

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        elsewhere: Mapping[TraderId, Path] | None = None,
        anchor: Anchor | None = None,
        mark: Bookmark | None = None,
        wall: Callable[[], datetime] = wall_time,
        instance: str = NOBODY,
        lease: int = 0,
    ) -> Self:
        """Open the journal in a directory, making it if needed.

        Args:
            root: the directory of the streams.
            elsewhere: for traders with a journal directory of their own, that directory; their
                records go to `<directory>/<trader>/`.
            anchor: `safe` of an earlier time, kept outside; it must still be there.
            mark: how far it is known; only what follows is read.
            wall: the machine's clock.
            instance: who writes from now on, 16 hex digits; each line says so in `wall`.
            lease: number of the lease it holds, 0 for none; each line says so, too.

        Raises:
            CheckpointError: the mark does not fit what is there.
            UsageError: if the directory cannot be written, or a stream is somewhere else.
            JournalError: if what is there is damaged, or in another format, or lacks what no power
                failure can have taken.
        """
        elsewhere = elsewhere or {}
        settle(root, elsewhere)
        survey = recover(root, elsewhere, anchor, mark)
        newest = survey.last
        days = ClosedDays(root, survey.days)
        if survey.is_renewed:
            try:
                days.put()
            except OSError as error:
                message = f"{root / NAME}: cannot be written: {error.strerror}"
                raise JournalError(message) from error
        journal = cls(
            root=root,
            elsewhere=elsewhere,
            wall=wall,
            instance=instance,
            lease=lease,
            ends=survey.ends,
            days=days,
            last=(newest.seq, newest.hash) if newest else (0, GENESIS),
            time=newest.time if newest else None,
            recovered=tuple(survey.torn),
            gaps=tuple(survey.gaps),
            set_aside=survey.set_aside,
        )
        if newest is not None and survey.gaps:
            for first, last in survey.gaps:
                journal.append(newest.time, ENGINE, GapFound(first=first, last=last))
            journal.sync()
        return journal

    @property
    def last_seq(self) -> int:
        """Return the number of the newest record, 0 if there is none."""
        return self.last[0]

    @property
    def directories(self) -> dict[TraderId, Path]:
        """Return the directory of every stream."""
        return {stream: end.directory for stream, end in self._ends.items()}

    def head(self, stream: TraderId) -> str:
        """Return the hash of the newest record of a stream, or what its first will build on."""
        end = self._ends.get(stream)
        return genesis(stream) if end is None else end.hash

    def bookmark(self, *, is_real_time: bool) -> Bookmark | None:
        """Return where the journal ends now, to be kept once all of it is synced; None if empty.

        `is_real_time` tells that this run is on a clock that runs by itself.
        """
        if self._time is None:
            return None
        seq, digest = self.last
        streams = {
            stream: StreamMark(
                seq=end.seq,
                hash=end.hash,
                day=end.day,
                first=end.first,
                records=end.records,
                bytes=end.bytes,
            )
            for stream, end in self._ends.items()
            if end.seq
        }
        return Bookmark(
            seq=seq, hash=digest, time=self._time, is_real_time=is_real_time, streams=streams
        )

    def append(self, time: datetime, stream: TraderId, body: Body, *, took: float = 0.0) -> Event:
        """Number an event and put it at the end of its stream; written by the next `flush`.

        `time` decides about the day file, but a stream never goes back to an earlier file: when
        the clock was set back, records stay in the newest one. `took` is how many seconds of real
        time the machine spent on it, kept beside the time of writing.

        Raises:
            UnbookableError: if the body has values JSON would change. Nothing is numbered then.
            JournalError: if the name of the stream cannot be a directory. Likewise.
        """
        if self._failed:
            raise JournalError(self._failed)
        if time.tzinfo is None:
            message = f"an event of {stream} has a time without zone: {time}"
            raise JournalError(message)
        event = Event(seq=self.last[0] + 1, time=time.astimezone(UTC), stream=stream, body=body)
        end = self._ends.get(stream)
        line, digest = build(
            event,
            prev=genesis(stream) if end is None else end.hash,
            wall=self._wall(),
            took=took,
            by=self._instance,
            lease=self._lease,
        )
        if end is None:
            end = self._begin(stream)
        self._tails.add(self._file(stream, end, event.time.date()), line)
        end.hash, end.seq = digest, event.seq
        end.first = end.first or event.seq
        end.records += 1
        end.bytes += len(line)
        self.last, self._time = (event.seq, digest), event.time
        return event

    def flush(self) -> None:
        """Write what was appended: one write for each file that has something new.

        Where one has no room, the others are tried all the same.

        Raises:
            JournalFullError: if the disk has no room for all of it. What is not written yet stays
                in memory; try again later.
            JournalError: if a file cannot be written for another reason. Likewise.
        """
        if self._failed:
            raise JournalError(self._failed)
        self._tails.write()
        self._written = self.last_seq

    def sync(self) -> None:
        """Do as `flush`, then wait until the disk has all of it.

        Raises:
            JournalError: as `flush`. If the disk fails while it confirms, nobody knows what it has:
                from then on the journal refuses everything until it is opened anew.
        """
        self.flush()
        safe, closed = _anchor(self._ends, self.last), list(self._closed)
        try:
            self._tails.unsynced.sync()
            self._is_safe(safe)
            if closed:
                self._listed(closed, is_listed=self.days.put(closed))
        except OSError as error:
            raise self._distrust(error) from error

    async def sync_beside(self) -> None:
        """Do as `sync`, but let other tasks go on, which may append and flush; they can share it.

        What was appended before the call is on disk when it returns; what comes later may not be.

        Raises:
            JournalError: as `sync`; it comes to everybody who waits.
        """
        if self._failed:
            raise JournalError(self._failed)
        safe = _anchor(self._ends, self.last)
        await self._tails.write_beside()
        self._written = max(self._written, safe.last[0])
        try:
            await self._tails.unsynced.sync_beside()
            self._is_safe(safe)
            if self._closed:
                await self._list_beside(safe.last[0])
        except OSError as error:
            raise self._distrust(error) from error

    def read(
        self,
        after: int = 0,
        *,
        streams: Collection[TraderId] | None = None,
        types: Collection[str] | None = None,
    ) -> Iterator[Event]:
        """Yield flushed events with numbers above `after`, ascending, of some streams and types.

        Ends with the newest event that was flushed with all before it at the time of the call: of
        what comes later, some streams would have more than others.

        Raises:
            JournalError: if a record cannot be read.
        """
        return read(
            self.root,
            self._elsewhere,
            after=after,
            until=self._written,
            streams=streams,
            types=types,
        )

    def records(self, after: int = 0) -> Iterator[Record]:
        """Do as `read` for all streams and types, with the bodies still encoded."""
        return records(self.root, self._elsewhere, after=after, until=self._written)

    def close(self) -> None:
        """Sync and close all files.

        Raises:
            JournalError: if the rest could not be written; the files are closed nevertheless.
        """
        try:
            if not self._failed:
                self.sync()
        finally:
            self._tails.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _distrust(self, error: OSError) -> JournalError:
        self._failed = (
            f"{error.filename or self.root}: the disk did not confirm the journal "
            f"({error.strerror}); stop the engine and start it again"
        )
        return JournalError(self._failed)

    def _is_safe(self, anchor: Anchor) -> None:
        """Remember what is on disk for good; who asked for it earlier may hear of it later."""
        if anchor.last[0] > self.safe.last[0]:
            self.safe = anchor

    async def _list_beside(self, safe: int) -> None:
        async with self._listing:
            closed = [entry for entry in self._closed if entry[2].last <= safe]
            with anyio.CancelScope(shield=True):
                is_listed = await anyio.to_thread.run_sync(self.days.put, closed)
        self._listed(closed, is_listed=is_listed)

    def _listed(self, closed: list[tuple[TraderId, date, Day]], *, is_listed: bool) -> None:
        if is_listed:
            self._closed = [entry for entry in self._closed if entry not in closed]
            if closed:
                self.when_closed()

    def _begin(self, stream: TraderId) -> StreamEnd:
        check_stream(stream)
        directory = self.root / stream
        end = self._ends[stream] = StreamEnd(directory=directory, hash=genesis(stream))
        return end

    def _file(self, stream: TraderId, end: StreamEnd, day: date) -> DayFile:
        file = self._tails.get(stream)
        if file is not None and day <= end.day:
            return file
        if day > end.day:
            if end.seq:
                held = Day(
                    first=end.first,
                    last=end.seq,
                    records=end.records,
                    hash=end.hash,
                    bytes=end.bytes,
                )
                self._closed.append((stream, end.day, held))
            end.day, end.first, end.records, end.bytes = day, 0, 0, 0
        if self.days.has(stream, end.day):
            self._reopen(stream, end.day)
        return self._tails.begin(stream, day_file(end.directory, end.day))

    def _reopen(self, stream: TraderId, day: date) -> None:
        """Let a closed day grow: the later ones are lost, and the clock was set back."""
        try:
            self.days.reopen(stream, day)
        except OSError as error:
            message = f"{self.root / NAME}: cannot be written: {error.strerror}"
            raise JournalError(message) from error


def _anchor(ends: Mapping[TraderId, StreamEnd], last: tuple[int, str]) -> Anchor:
    streams = {
        stream: StreamAnchor(seq=end.seq, hash=end.hash, day=end.day)
        for stream, end in ends.items()
        if end.seq
    }
    return Anchor(last=last, streams=streams)
