"""Writing the journal back from a database, byte for byte."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Self

import attrs

from nof0_core.disk import sync_path
from nof0_core.errors import JournalError, UsageError
from nof0_core.exporters.sql.exporter import settings_of
from nof0_core.ids import TraderId
from nof0_core.journal.formats import genesis
from nof0_core.journal.places import day_file, settle
from nof0_core.journal.record import parse
from nof0_core.plugins.env import Logger
from nof0_core.project.database import NamedDatabase
from nof0_core.project.journal import JournalReader


@attrs.frozen(kw_only=True)
class Restored:
    """What was written back: `written` lines, so that the journal ends with record `last`."""

    written: int
    last: int


async def restore_journal(named: NamedDatabase, journal: JournalReader, log: Logger) -> Restored:
    """Write the lines that a data directory lacks; the caller holds its lock.

    What is there already has to be the beginning of what the database holds, or the other way
    round: then nothing is missing. Each line is checked against its hash, and against the line
    before it, before it is written.

    Raises:
        UsageError: directory and database fork, or the database has no lines of this engine.
        JournalError: a line in the database was changed, or one is missing.
        ProviderError: the database is away.
    """
    from nof0_core.storage.database import opened
    from nof0_core.storage.preparing import prepare
    from nof0_core.storage.reading import hash_of, lines, newest_line

    heads: dict[str, str] = {}
    last, digest = 0, ""
    for record in journal.records():
        heads[record.stream] = digest = record.hash
        last = record.seq
    async with opened(settings_of(named.config, log)) as database:
        await prepare(database)
        end = await newest_line(database, named.engine)
        if not end.seq:
            message = f'the database has no lines of the engine "{named.engine}"'
            raise UsageError(message)
        shorter = min(last, end.seq)
        ours = next((r.hash for r in journal.records(after=shorter - 1)), "") if shorter else ""
        theirs = await hash_of(database, named.engine, shorter) if shorter else ""
        if ours != theirs:
            raise _fork(journal, last, digest, end.seq, end.hash)
        if last >= end.seq:
            return Restored(written=0, last=last)
        written = 0
        with _Files(journal.root, journal.elsewhere) as files:
            async for seq, stream, day, line, hash_ in lines(database, named.engine, after=last):
                _check(seq, stream, line, hash_, heads)
                files.write(stream, day_file(files.directory(stream), day), line)
                heads[stream], last = hash_, seq
                written += 1
    if last != end.seq:
        message = f"the database ended with record {last} instead of {end.seq} while it was read"
        raise JournalError(message)
    return Restored(written=written, last=last)


def _check(seq: int, stream: str, line: bytes, digest: str, heads: Mapping[str, str]) -> None:
    """Refuse a line that is not what it was, or does not follow the one before."""
    try:
        record = parse(bytes(line))
    except ValueError as error:
        message = f"record {seq} in the database is damaged: {error}"
        raise JournalError(message) from error
    before = heads.get(stream, genesis(TraderId(stream)))
    is_same = record.seq == seq and record.stream == stream and record.hash == digest
    if not (is_same and record.compute_hash() == digest and record.prev == before):
        message = (
            f"record {seq} of {stream} in the database was changed, or the one before it is missing"
        )
        raise JournalError(message, hints=("`nof0 db check` says what else differs",))


def _fork(journal: JournalReader, last: int, digest: str, end: int, theirs: str) -> UsageError:
    message = (
        f"{journal.root} and the database tell different stories: the directory ends with record "
        f"{last} ({digest[:12]}…), the database with record {end} ({theirs[:12]}…), and the "
        "shorter one is no part of the longer one"
    )
    hints = (
        "decide which of the two is right; keep a copy of the other",
        "an empty data directory takes all of the database; another Name leaves it alone",
    )
    return UsageError(message, hints=hints)


class _Files:
    """The day files that lines are added to; all are on disk when it is left."""

    def __init__(self, root: Path, elsewhere: Mapping[TraderId, Path]) -> None:
        self._root = root
        self._elsewhere = elsewhere
        self._open: dict[str, tuple[Path, BinaryIO]] = {}

    def __enter__(self) -> Self:
        settle(self._root, self._elsewhere)
        return self

    def __exit__(self, *_: object) -> None:
        for path, file in self._open.values():
            _finish(path, file)

    def directory(self, stream: str) -> Path:
        """Return where a stream is."""
        name = TraderId(stream)
        return self._elsewhere.get(name, self._root) / name

    def write(self, stream: str, path: Path, line: bytes) -> None:
        """Add a line to the file of its day."""
        known = self._open.get(stream)
        if known is None or known[0] != path:
            if known is not None:
                _finish(*known)
            path.parent.mkdir(parents=True, exist_ok=True)
            known = self._open[stream] = path, path.open("ab")
        known[1].write(bytes(line) + b"\n")


def _finish(path: Path, file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    sync_path(path.parent)
