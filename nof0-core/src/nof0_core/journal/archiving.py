"""Taking closed days to another place, from where they can be put back as they are.

<target>/<stream>/<YYYY-MM-DD>.jsonl.gz
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import attrs

from nof0_core.disk import sync_path
from nof0_core.errors import JournalError, UsageError
from nof0_core.files import begun, in_words, no_directory
from nof0_core.ids import TraderId
from nof0_core.journal.content import CHUNK, damage, read_at, sha256_of
from nof0_core.journal.days import NAME, ClosedDays, Day, DayState, read_days
from nof0_core.journal.listing import Listing
from nof0_core.journal.packing import in_file, pack_all
from nof0_core.journal.pairs import pairs
from nof0_core.journal.places import day_of, draft_of, is_packed, older_files, streams
from nof0_core.journal.tally import losses

NOTHING_DONE = "nothing was moved"


@attrs.frozen(kw_only=True)
class Moved:
    """A day that is in the archive now."""

    stream: TraderId
    day: date
    entry: Day
    source: Path
    file: Path


def archive(
    root: Path, elsewhere: Mapping[TraderId, Path], *, before: date, target: Path
) -> list[Moved]:
    """Move the closed days before a date; what is not compressed yet is packed first.

    All or nothing is moved, but for a crash: files are removed once all their copies are proven to
    be on disk, and noted to be. After a crash it may be called again. Nobody else may write the
    journal meanwhile.

    Raises:
        UsageError: the target is in the journal, cannot be written, or has another file in the
            place of one.
        JournalError: a day is damaged, or cannot be packed. Nothing was moved then.
    """
    places = streams(root, elsewhere)
    _refuse_target(target, root, places)
    try:
        days = ClosedDays(root, read_days(root) or {})
        found = list(_found(days, places, before, target))
        for one in found:
            _refuse_other(one)
        for one in found:
            _copy(one)
        archived = [
            (one.stream, one.day, attrs.evolve(one.entry, state=DayState.ARCHIVED)) for one in found
        ]
        if archived and not days.change(archived):
            message = f"{root / NAME}: the disk is full: {NOTHING_DONE}"
            raise JournalError(message, hints=("make room, and try again",))
        for one in found:
            one.source.unlink()
        for directory in {one.source.parent for one in found}:
            sync_path(directory)
    except OSError as error:
        message = f"{error.filename or target}: {in_words(error)}"
        hint = "make it possible and try again: no day is lost, each is here or there"
        raise JournalError(message, hints=(hint,)) from error
    return found


def _found(
    days: ClosedDays, places: Mapping[TraderId, Path], before: date, target: Path
) -> Iterator[Moved]:
    """Yield the days to be moved, all packed, and seen to be what they were.

    Raises:
        JournalError: one is damaged, or cannot be packed.
    """
    chosen = {
        stream: {day: entry for day, entry in days.of(stream).items() if day < before}
        for stream in places
    }
    faults = [str(fault) for fault in (*losses(chosen, places), *pairs(places, Listing()))]
    if not faults:
        packed = pack_all(days, places, before=before)
        faults = [one.reason for one in packed.unpackable]
        if not faults and not packed.is_all:
            message = "the disk has no room to compress what is to be moved"
            raise JournalError(message, hints=("make room, and try again",))
    for stream, directory in places.items():
        for path in older_files(directory):
            entry = days.of(stream).get(day_of(path))
            if entry is None or day_of(path) >= before or not is_packed(path):
                continue
            entry = in_file(entry, path)
            if reason := damage(path, entry.packed_hash):
                faults.append(f"{path}: {reason}")
            file = target / stream / path.name
            yield Moved(stream=stream, day=day_of(path), entry=entry, source=path, file=file)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        message = f"{faults[0]}{more}: {NOTHING_DONE}"
        hints = ("`nof0 journal verify` lists all damage", "put the files back from a copy")
        raise JournalError(message, hints=hints)


def _refuse_target(target: Path, root: Path, places: Mapping[TraderId, Path]) -> None:
    fault = no_directory(target)
    if fault:
        message = f"--to {target}: {fault}"
        raise UsageError(message)
    inner = target.resolve()
    for own in (root, *places.values()):
        is_same_stream = (inner / own.name) == own.resolve()
        if inner.is_relative_to(own.resolve()) or is_same_stream:
            message = f"--to {target} is in the journal itself"
            raise UsageError(message, hints=("name a directory outside of it",))


def _refuse_other(one: Moved) -> None:
    if one.file.exists() and sha256_of(one.file) != one.entry.packed_hash:
        message = f"{one.file} is there already and holds something else: {NOTHING_DONE}"
        hint = "it may be of another run: name another directory, or move the file away"
        raise UsageError(message, hints=(hint,))


def _copy(one: Moved) -> None:
    """Put a proven copy on disk; one that is there already is left.

    Raises:
        JournalError: the copy is not what was copied.
        OSError: it could not be written.
    """
    directory = one.file.parent
    directory.mkdir(parents=True, exist_ok=True)
    draft, offset = draft_of(one.file), 0
    try:
        if not one.file.exists():
            with begun(draft) as file:
                while chunk := read_at(one.source, offset, CHUNK):
                    file.write(chunk)
                    offset += len(chunk)
                file.flush()
                os.fsync(file.fileno())
            if sha256_of(draft) != one.entry.packed_hash:
                message = f"{draft}: the copy differs from {one.source}: {NOTHING_DONE}"
                raise JournalError(message, hints=("is that disk broken?",))
            draft.replace(one.file)
    finally:
        # Also one that a crash left.
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    for path in (one.file, directory, directory.parent):
        sync_path(path)
