"""Putting back what a data directory lacks from a database, before anything is traded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from nof0_core.config.model import Config
from nof0_core.disk import replace_durably
from nof0_core.errors import JournalError, ProviderError, UsageError
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.sql.exporter import settings_of
from nof0_core.ids import TraderId
from nof0_core.journal import records
from nof0_core.journal.days import ClosedDays, Day, DayState, read_days
from nof0_core.journal.places import day_files, settle, streams
from nof0_core.journal.rebuilding import DayRebuilding
from nof0_core.journal.recover import gap_of
from nof0_core.plugins.env import Logger
from nof0_core.runtime.restore_mark import RestoreMark
from nof0_core.state import checkpoint

if TYPE_CHECKING:
    from nof0_core.storage.database import Database

AWAY = (
    "start the database and try again",
    "to begin anew without it: take it out of the configuration, or give the engine another Name",
)


@attrs.frozen(kw_only=True)
class Restored:
    """What was put back: `written` lines; the journal ends with record `last` now."""

    written: int
    last: int


@attrs.frozen(kw_only=True)
class _Directory:
    """The journal of a run, which need not be there; `exchanges` are the sections of accounts."""

    state_dir: Path
    elsewhere: Mapping[TraderId, Path]
    exchanges: tuple[str, ...]

    @property
    def root(self) -> Path:
        return self.state_dir / "journal"

    @property
    def checkpoints(self) -> Path:
        return self.state_dir / checkpoint.DIRECTORY

    def of(self, stream: TraderId) -> Path:
        return self.elsewhere.get(stream, self.root) / stream

    @property
    def is_empty(self) -> bool:
        """Tell that there is no record."""
        return not any(
            path.stat().st_size
            for directory in streams(self.root, self.elsewhere).values()
            for path in day_files(directory)
        )

    def days(self) -> dict[TraderId, dict[date, Day]]:
        """Return the closed days as noted; a note that is damaged says nothing."""
        try:
            return read_days(self.root) or {}
        except JournalError:
            return {}


def databases_of(config: Config) -> dict[str, SqlConfig]:
    """Return the databases that a configuration keeps its journal in, by section."""
    return {
        section.name: section.config
        for section in config.exporters
        if isinstance(section.config, SqlConfig)
    }


async def restore_at_start(config: Config, log: Logger) -> Restored | None:
    """Put back what the databases of a configuration have beyond its data directory.

    The caller holds the directory's lock. Without a record in the directory each database has to
    be reached: nobody can know else what was there. With one, a database that is away is told and
    left alone. What the directory has beyond them they are handed later, as ever.

    Returns:
        What was put back, None for nothing.

    Raises:
        UsageError: directory and database fork; nothing has changed then.
        JournalError: a line in a database was changed, or one is missing.
        ProviderError: a database is away, or its tables are not those this nof0 writes, and the
            directory is empty.
    """
    done: Restored | None = None
    for section, settings in databases_of(config).items():
        directory = _directory(config)
        is_needed = directory.is_empty or RestoreMark(config.state_dir).is_unfinished
        if _is_missing_file(settings.data_source):
            continue
        try:
            found = await restore(config, settings, log)
        except ProviderError as error:
            if is_needed:
                message = (
                    f"the data directory {config.state_dir} has no journal, and what the database "
                    f"of section {section} has of one cannot be seen: {error}"
                )
                raise ProviderError(message, hints=(*error.hints, *AWAY)) from error
            log.warning(
                "the database could not be compared with the journal; trading goes on without it",
                section=section,
                reason=str(error),
            )
            continue
        if found is not None and found.written:
            log.warning(
                "records were put back from the database",
                section=section,
                records=found.written,
                last=found.last,
            )
            done = found
    return done


async def restore(
    config: Config, settings: SqlConfig, log: Logger, *, is_thorough: bool = False
) -> Restored | None:
    """Compare a database with the data directory, and put back the lines that this one lacks.

    What the newest checkpoint of the directory covers is not compared again, unless it
    `is_thorough`. Days that are archived are left where they are.

    Returns:
        What was put back, None where the database has no line of the engine.

    Raises:
        UsageError, JournalError, ProviderError: as `restore_at_start`.
    """
    from nof0_core.storage.database import opened
    from nof0_core.storage.preparing import is_prepared
    from nof0_core.storage.reading import newest_line

    async with opened(settings_of(settings, log)) as database:
        if not await is_prepared(database):
            return None
        end = await newest_line(database, settings.engine)
        if not end.seq:
            return None
        work = _Work(database, settings.engine, _directory(config))
        await work.compare(end.seq, is_thorough=is_thorough)
        return await work.put_back()


class _Work:
    """One database against one directory."""

    def __init__(self, database: Database, engine: str, directory: _Directory) -> None:
        self._database = database
        self._engine = engine
        self._directory = directory
        self._here: dict[int, str] = {}
        self._last = 0
        self._lacking: dict[tuple[TraderId, date], int] = {}
        self._newest: dict[TraderId, date] = {}

    async def compare(self, end: int, *, is_thorough: bool) -> None:
        """Find what the directory lacks of the lines up to `end`, the newest in the database.

        Raises:
            UsageError: both have a record of the same number, and it is not the same.
        """
        from nof0_core.storage.reading import line_places

        directory = self._directory
        known = 0 if is_thorough else await self._known(end)
        gaps: list[tuple[int, int]] = []
        if not directory.is_empty:
            for record in records(directory.root, directory.elsewhere, after=max(0, known - 1)):
                self._here[record.seq] = record.hash
                self._last = record.seq
                if (gap := gap_of(record)) is not None:
                    gaps.append(gap)
        archived = {
            (stream, day)
            for stream, days in directory.days().items()
            for day, entry in days.items()
            if entry.state is DayState.ARCHIVED
        }
        fork, newest = 0, (0, "")
        async for place in line_places(self._database, self._engine, after=max(0, known - 1)):
            newest = place.seq, place.hash
            here = self._here.get(place.seq)
            stream = TraderId(place.stream)
            self._newest[stream] = max(place.day, self._newest.get(stream, date.min))
            if here is not None:
                if here != place.hash and not fork:
                    fork = place.seq
            elif place.seq > self._last or not any(a <= place.seq <= b for a, b in gaps):
                where = stream, place.day
                if where not in archived:
                    self._lacking[where] = self._lacking.get(where, 0) + 1
        if fork:
            raise self._forked(fork, newest)
        self._last = max(self._last, newest[0])

    async def put_back(self) -> Restored:
        """Put back what is lacking.

        Raises:
            JournalError: a line in the database was changed, or one is missing.
        """
        from nof0_core.storage.reading import hash_before, lines_of_day

        directory, engine = self._directory, self._engine
        mark = RestoreMark(directory.state_dir)
        if not self._lacking:
            if mark.is_unfinished:
                mark.end()
            return Restored(written=0, last=self._last)
        was_empty = directory.is_empty or mark.is_unfinished
        mark.begin(directory.exchanges)
        settle(directory.root, directory.elsewhere)
        made: list[tuple[TraderId, date, Day]] = []
        written = 0
        for stream, day in sorted(self._lacking):
            before = await hash_before(self._database, engine, stream, day)
            with DayRebuilding(directory.of(stream), stream, day, before=before) as file:
                async for line, digest in lines_of_day(self._database, engine, stream, day):
                    written += file.add(line, digest)
                entry = file.put()
            if entry is not None and day < self._newest[stream]:
                made.append((stream, day, entry))
        if was_empty:
            self._note(made)
            await self._put_checkpoint()
        mark.end()
        return Restored(written=written, last=self._last)

    async def _known(self, end: int) -> int:
        """Return up to which record directory and database are known to be the same."""
        from nof0_core.storage.reading import hash_of

        newest = next(iter(checkpoint.found(self._directory.checkpoints)), None)
        if newest is None or self._directory.is_empty:
            return 0
        seq = min(checkpoint.seq_of(newest), end)
        if RestoreMark(self._directory.state_dir).is_unfinished:
            return 0
        here = self._record(seq)
        there = await hash_of(self._database, self._engine, seq)
        return seq if here and here == there else 0

    def _record(self, seq: int) -> str:
        directory = self._directory
        found = next(records(directory.root, directory.elsewhere, after=seq - 1), None)
        return found.hash if found is not None and found.seq == seq else ""

    def _note(self, made: list[tuple[TraderId, date, Day]]) -> None:
        """Note the closed days, so that a checkpoint can be used."""
        try:
            known = read_days(self._directory.root) or {}
        except JournalError:
            return  # it is made anew when the journal is opened
        ClosedDays(self._directory.root, known).put(made)

    async def _put_checkpoint(self) -> None:
        from nof0_core.storage.checkpoints import newest_checkpoint

        kept = await newest_checkpoint(self._database, self._engine)
        if kept is None or kept.seq > self._last:
            return
        directory = self._directory.checkpoints
        directory.mkdir(parents=True, exist_ok=True)
        replace_durably(checkpoint.path_of(directory, kept.seq), kept.data)

    def _forked(self, at: int, end: tuple[int, str]) -> UsageError:
        ours = self._here.get(self._last, "")
        message = (
            f"{self._directory.root} and the database tell different stories: the directory ends "
            f"with record {self._last} ({ours[:12]}…), the database with record {end[0]} "
            f"({end[1][:12]}…), and they part at record {at}"
        )
        hints = (
            "decide which of the two is right; keep a copy of the other",
            "an empty data directory takes all of the database; another Name leaves it alone",
        )
        return UsageError(message, hints=hints)


def _directory(config: Config) -> _Directory:
    return _Directory(
        state_dir=config.state_dir,
        elsewhere={t.id: t.journal_dir for t in config.traders if t.journal_dir is not None},
        exchanges=tuple(config.exchanges),
    )


def _is_missing_file(source: str) -> bool:
    """Tell whether a data source is a file of SQLite that is not there yet."""
    scheme, _, path = source.partition(":///")
    return scheme == "sqlite" and not Path(path).exists()
