"""Packing closed days: `<day>.jsonl` becomes `<day>.jsonl.gz`, and back where it has to grow.

At every moment a whole file of the day is there, and a crash between two steps leaves at most a
draft, or both files: then the plain one counts, and the next start takes the other away.
"""

from __future__ import annotations

import errno
import gzip
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from itertools import islice
from pathlib import Path

import attrs

from nof0_core.disk import NO_ROOM, sync_path
from nof0_core.errors import DamagedDayError, JournalError
from nof0_core.files import begun, in_words
from nof0_core.ids import TraderId
from nof0_core.journal.content import DayContent, PackedContent, lines_of, sha256_of
from nof0_core.journal.days import ClosedDays, Day
from nof0_core.journal.formats import genesis
from nof0_core.journal.listing import Listing
from nof0_core.journal.places import (
    day_file,
    day_of,
    draft_of,
    is_packed,
    older_files,
    packed_file,
)
from nof0_core.journal.reserve import SIZE as RESERVE
from nof0_core.journal.scan import Chain

LEVEL = 4
"""The first that finds texts of prompts again that are far back: 3 leaves twice as much of them on
disk, and those above take up to a third more time for a tenth less."""
BATCH = 32
"""Days that are noted together: the note is written as a whole each time."""


@attrs.frozen(kw_only=True)
class Unpackable:
    """A closed day that was left as it is: its file, and why.

    `is_damaged` tells that it is not what it was, rather than that a disk could not do something.
    """

    file: Path
    reason: str
    is_damaged: bool = False


@attrs.frozen(kw_only=True)
class Packed:
    """What came of packing: how many days were packed, and which cannot be.

    `is_all` tells that no other day is left, for lack of room or of time.
    """

    days: int = 0
    unpackable: tuple[Unpackable, ...] = ()
    is_all: bool = True


class _NoRoomError(Exception):
    """The disk has no room for more."""


class _BrokenOffError(Exception):
    """Somebody wants it to end."""


def pack_all(
    days: ClosedDays,
    places: Mapping[TraderId, Path],
    *,
    before: date = date.max,
    is_over: Callable[[], bool] = lambda: False,
) -> Packed:
    """Pack every closed day that has a plain file, oldest first of each stream.

    The newest file of a stream stays plain, closed or not: it may have to grow. What the disk has
    no room for is left for another time. May run in a thread beside whoever writes the journal.

    Args:
        days: the closed days; those packed are noted there, durably, before a plain file goes.
        places: the directory of every stream.
        before: only days before this one.
        is_over: asked again and again; once it says so, the rest is left for another time.
    """
    waiting, count, faults, is_all = _waiting(days, places, before), 0, [], True
    while batch := list(islice(waiting, BATCH)):
        done: list[tuple[TraderId, date, Day]] = []
        try:
            for one in batch:
                stream, plain = one.stream, one.plain
                try:
                    done.append((stream, day_of(plain), one.pack(is_over)))
                except JournalError as error:
                    faults.append(Unpackable(file=plain, reason=str(error), is_damaged=True))
                except OSError as error:
                    reason = f"{error.filename or plain}: {in_words(error)}"
                    faults.append(Unpackable(file=plain, reason=reason))
        except (_NoRoomError, _BrokenOffError):
            is_all = False
        try:
            is_noted = not done or days.change(done)
        except OSError as error:
            # Both files are there: whatever the note says by now, the next start goes on with them.
            reason = f"{error.filename}: {in_words(error)}"
            plain_files = [day_file(places[stream], day) for stream, day, _ in done]
            faults += [Unpackable(file=path, reason=reason) for path in plain_files]
            return Packed(days=count, unpackable=tuple(faults), is_all=False)
        is_all = is_all and is_noted
        count += len(done) if is_noted else 0
        for stream, day, _ in done:
            path = day_file if is_noted else packed_file
            with suppress(OSError):  # else the next start takes it away
                path(places[stream], day).unlink()
                sync_path(places[stream])
        if not is_all:
            break
    return Packed(days=count, unpackable=tuple(faults), is_all=is_all)


def unpack(directory: Path, day: date) -> None:
    """Put the plain file of a day in the place of its compressed one.

    Raises:
        OSError: it could not be written.
        DamagedDayError: there is nothing whole to unpack.
    """
    plain, packed = day_file(directory, day), packed_file(directory, day)
    draft, content = draft_of(plain), PackedContent(packed)
    try:
        with begun(draft) as file:
            while chunk := content.read():
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(plain)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_path(directory)
    packed.unlink()
    sync_path(directory)


def tidy(directory: Path, listing: Listing, *, newest: date) -> None:
    """Take away what a crash left while it packed; let the newest day of a stream be plain.

    Of a day that is there twice both files were seen to hold the same.

    Raises:
        OSError: it could not be done.
    """
    for draft in listing.drafts(directory):
        draft.unlink()
    for path in listing.day_files(directory):
        if not is_packed(path):
            packed_file(directory, day_of(path)).unlink(missing_ok=True)
    if packed_file(directory, newest).exists():
        unpack(directory, newest)
        listing.forget(directory)


def in_file(entry: Day, path: Path) -> Day:
    """Return what is to be noted of a day whose records are in this file.

    Raises:
        OSError: it cannot be read.
    """
    if not is_packed(path):
        return entry.here()
    if entry.packed_hash:
        return entry.compressed(entry.packed_bytes, entry.packed_hash)
    return entry.compressed(path.stat().st_size, sha256_of(path))


def _waiting(days: ClosedDays, places: Mapping[TraderId, Path], before: date) -> Iterator[_Waiting]:
    for stream, directory in places.items():
        closed = days.of(stream)
        for path in older_files(directory):
            day = day_of(path)
            if is_packed(path) or day not in closed or day >= before:
                continue
            earlier = max((one for one in closed if one < day), default=None)
            follows = genesis(stream) if earlier is None else closed[earlier].hash
            yield _Waiting(stream=stream, plain=path, entry=closed[day], follows=follows)


@attrs.frozen(kw_only=True)
class _Waiting:
    """A day to be packed; `follows` is the hash its first record builds on."""

    stream: TraderId
    plain: Path
    entry: Day
    follows: str

    def pack(self, is_over: Callable[[], bool]) -> Day:
        """Put the compressed file beside the plain one; returns what is to be noted.

        Raises:
            JournalError: the plain file is not what it was when the day was closed.
            OSError: a file cannot be read, or not be written for another reason than lack of room.
        """
        directory = self.plain.parent
        packed = packed_file(directory, day_of(self.plain))
        draft = draft_of(packed)
        try:
            if not _has_room(directory, self.entry.bytes):
                raise _NoRoomError
            _compress(self.plain, draft, is_over)
            self._check(draft, is_over)
            done = self.entry.compressed(draft.stat().st_size, sha256_of(draft))
            draft.replace(packed)
        except DamagedDayError as error:
            reason = f"the copy is not what was written: {error.reason}"
            raise OSError(errno.EIO, reason, str(draft)) from error
        except OSError as error:
            if error.errno in NO_ROOM:
                raise _NoRoomError from error
            raise
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        sync_path(directory)
        return done

    def _check(self, draft: Path, is_over: Callable[[], bool]) -> None:
        """See that the draft holds what the day held when it was closed, record for record."""
        chain, found = Chain(self.stream, follows=self.follows), None
        first = number = end = 0
        for raw in lines_of(PackedContent(draft)):
            if is_over():
                raise _BrokenOffError
            number += 1
            line = chain.take(self.plain, number, end, raw)
            if line.fault is not None:
                raise JournalError(str(line.fault))
            found, end = line.record, line.end
            first = first or (found.seq if found is not None else 0)
        last, digest = (0, "") if found is None else (found.seq, found.hash)
        held = Day(first=first, last=last, records=number, hash=digest, bytes=end)
        if not held.holds(self.entry):
            message = f"{self.plain}: it does not hold what it did when the day was closed"
            raise JournalError(message)


def _has_room(directory: Path, needed: int) -> bool:
    """Tell whether trading has room left, even if nothing can be compressed."""
    room = os.statvfs(directory)
    return room.f_bavail * room.f_frsize >= needed + 2 * RESERVE


def _compress(plain: Path, draft: Path, is_over: Callable[[], bool]) -> None:
    content = DayContent(plain)
    with (
        begun(draft) as file,
        gzip.GzipFile("", "wb", compresslevel=LEVEL, fileobj=file, mtime=0) as packer,
    ):
        while chunk := content.read():
            if is_over():
                raise _BrokenOffError
            packer.write(chunk)
    sync_path(draft)
