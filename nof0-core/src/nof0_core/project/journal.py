"""The journal of a run, to be read: by stream, type, number and time, running or over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from nof0_core.errors import JournalError, UsageError
from nof0_core.files import in_words
from nof0_core.ids import TraderId

if TYPE_CHECKING:
    from nof0_core.domain.event import Event
    from nof0_core.journal.record import Record
    from nof0_core.journal.usage import DayUsage


@attrs.frozen(kw_only=True)
class ArchivedDay:
    """A closed day of a stream whose records are in an archive and cannot be read here.

    `first` and `last` are the numbers of its first and last record.
    """

    stream: TraderId
    day: date
    first: int
    last: int


@attrs.frozen(kw_only=True)
class JournalReader:
    """A journal on disk.

    `root` has a directory for each stream: a trader, or `@engine`; those of traders with a
    `journal_dir` of their own are in the directory `elsewhere` names. `state_dir` is the data
    directory, `state_file` the state file of the run.

    Whatever reads here takes no lock and may go on while an engine writes: what is written
    meanwhile may be there or not. Days that are archived are left out; `archived` names them.
    """

    root: Path
    state_dir: Path
    state_file: Path
    elsewhere: Mapping[TraderId, Path] = attrs.field(factory=dict)

    def streams(self) -> tuple[TraderId, ...]:
        """Return the names of all streams, sorted: those of the traders, and `@engine`.

        Raises:
            JournalError: a stream is linked to a directory that is not there.
        """
        from nof0_core.journal.places import streams

        return tuple(streams(self.root, self.elsewhere))

    def records(
        self,
        *,
        traders: Collection[str] = (),
        types: Collection[str] = (),
        after: int = 0,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Record]:
        """Yield records as they are written, in the order of their numbers.

        A record's body is taken apart only when its `event()` is asked for.

        Args:
            traders: only of these streams; empty: of all.
            types: only of these types, such as `cycle` or `filled`; empty: of all.
            after: only those with a higher number. Few bytes before it are read.
            since: only those of this time or later (engine time, with a zone).
            until: only those before this time. A day is from its midnight to that of the next.

        Raises:
            JournalError: a line cannot be taken apart, other than a torn last one, a compressed
                day is damaged, or the journal is of another format.
        """
        from nof0_core.journal import records

        streams = [TraderId(name) for name in traders] or None
        found = records(
            self.root, self.elsewhere, after=after, streams=streams, types=list(types) or None
        )
        for record in found:
            if since is not None and record.time < since:
                continue
            if until is None or record.time < until:
                yield record

    def record(self, seq: int) -> Record | None:
        """Return the record of a number, None where there is none here.

        Raises:
            JournalError: as `records`.
        """
        found = next(self.records(after=seq - 1), None)
        return found if found is not None and found.seq == seq else None

    def whole(self, event: Event) -> Event:
        """Return an event with what of it stands in other records.

        A cycle gets what was decided and the texts of its prompts, a market view its bars.

        Raises:
            JournalError: a record it refers to is not there.
            DataError: a bar of a market view is not there.
        """
        import msgspec

        from nof0_core.domain.cycle_record import CycleJoiner
        from nof0_core.domain.event import MarketSeen
        from nof0_core.market.rereading import reread

        def others(seq: int, *types: str) -> Iterator[Event]:
            found = self.records(traders=(event.stream,), types=types, after=seq - 1)
            return (record.event() for record in found)

        if isinstance(event.body, MarketSeen):
            text = reread(event, lambda seq: others(seq, MarketSeen.type))
            return attrs.evolve(event, body=attrs.evolve(event.body, snapshots=msgspec.Raw(text)))
        return CycleJoiner(lambda seq: next(others(seq), None)).joined(event)

    def joined(self, events: Collection[Event]) -> Iterator[Event]:
        """Yield events, cycles that ordered with what was decided in them.

        It costs one look at the decisions for all together. Of prompts only the digests are there;
        `whole` has their texts.

        Raises:
            JournalError: as `records`.
        """
        from nof0_core.domain.cycle_record import CycleJoiner
        from nof0_core.domain.event import CycleEnded

        wanted = {event.body.decided for event in events if isinstance(event.body, CycleEnded)}
        wanted -= {None}
        decided = self.records(types=("decided",)) if wanted else ()
        found = {record.seq: record.event() for record in decided if record.seq in wanted}
        cycles = CycleJoiner()
        for event in events:
            if isinstance(event.body, CycleEnded) and event.body.decided in found:
                cycles.take(found[event.body.decided])
            yield cycles.joined(event)

    def days(self) -> tuple[DayUsage, ...]:
        """Return what each day of each stream takes and where its records are, in that order.

        Raises:
            JournalError: `days.json` is damaged, or a file cannot be read.
        """
        from nof0_core.journal.usage import usage_by_day

        try:
            return tuple(usage_by_day(self.root, self.elsewhere))
        except OSError as error:
            message = f"the journal cannot be read: {error.filename}: {in_words(error)}"
            raise JournalError(message) from error

    def archived(self, traders: Iterable[str] = ()) -> tuple[ArchivedDay, ...]:
        """Return the days of some streams (empty: of all) that are archived, by stream and day.

        A day whose file was put back is none of them.

        Raises:
            JournalError: `days.json` is damaged.
        """
        from nof0_core.journal.days import DayState, read_days
        from nof0_core.journal.places import kept_file, streams

        places, wanted = streams(self.root, self.elsewhere), set(traders)
        return tuple(
            ArchivedDay(stream=stream, day=day, first=entry.first, last=entry.last)
            for stream, days in sorted((read_days(self.root) or {}).items())
            for day, entry in sorted(days.items())
            if entry.state is DayState.ARCHIVED
            and (not wanted or stream in wanted)
            and (stream not in places or kept_file(places[stream], day) is None)
        )


def open_journal(source: Path, *, data_dir: Path | None = None) -> JournalReader:
    """Find the journal of a run.

    Args:
        source: CONFIG, the main configuration file of a run (no plugin is loaded for it, and what
            is wrong with other parts of it is not looked at); or its data directory, the journal in
            that, or the directory of a backtest.
        data_dir: what the run was given as `--data-dir`; then `source` is not looked at.

    Raises:
        UsageError: there is none, or it cannot be read.
        ConfigError: the configuration does not say where it is.
    """
    from nof0_core.journal.places import day_files, streams

    found = _of_directory(data_dir or source)
    if data_dir is None and not source.is_dir():
        found = _of_configuration(source)
    root = found.root
    try:
        is_there = any(map(day_files, streams(root, found.elsewhere).values()))
    except OSError as error:
        message = f"the journal in {root} cannot be read: {error.filename}: {in_words(error)}"
        raise UsageError(message) from error
    if not is_there:
        message = f"there is no journal in {root}"
        hint = "`nof0 run` writes one into its data directory; has it run?"
        raise UsageError(message, hints=[hint])
    return found


def _of_configuration(config_file: Path) -> JournalReader:
    from nof0_core.config.places import read_places

    places = read_places(config_file)
    return JournalReader(
        root=places.state_dir / "journal",
        state_dir=places.state_dir,
        state_file=places.state_file,
        elsewhere={
            trader: one.journal_dir
            for trader, one in places.traders.items()
            if one.journal_dir is not None
        },
    )


def _of_directory(directory: Path) -> JournalReader:
    if (directory / "run" / "journal").is_dir():
        directory = directory / "run"  # of a backtest, which has its report beside it
    root = directory / "journal" if (directory / "journal").is_dir() else directory
    return JournalReader(
        root=root, state_dir=root.parent, state_file=root.parent / "manager_state.json"
    )
