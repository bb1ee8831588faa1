"""What earlier runs left: the journal, opened, and the state that is rebuilt from it."""

from __future__ import annotations

from pathlib import Path

import attrs

from nof0_core.config.model import Config
from nof0_core.errors import CheckpointError, JournalError, UnbookableError
from nof0_core.journal import Bookmark, Journal
from nof0_core.journal.record import NOBODY
from nof0_core.plugins.env import Logger
from nof0_core.runtime.export_parts import PREFIX
from nof0_core.runtime.state_file import StateFile
from nof0_core.state import checkpoint
from nof0_core.state.checkpoint import Checkpoint, Part, part_of
from nof0_core.state.engine_state import EngineState
from nof0_core.state.event_log import whole_events

UNBOOKABLE = (
    "it was written by an earlier version of nof0, which tried it only afterwards",
    "put the whole data directory back from a copy made before this record",
    (
        "or begin anew: --data-dir NEW, and another Name where a database has this run; what the "
        "venue holds then goes to @unassigned, with an alert"
    ),
)


def checkpoints_of(config: Config) -> Path:
    """Return the directory of a configuration's checkpoints."""
    return config.state_dir / checkpoint.DIRECTORY


@attrs.frozen(kw_only=True)
class Past:
    """The journal of earlier runs, what follows from it, and what exporters remembered of it.

    `parts` are taken out by whoever lets the exporters remember: they are large.
    """

    journal: Journal
    state: EngineState
    parts: dict[str, Part] = attrs.field(factory=dict)


def open_past(config: Config, log: Logger, *, instance: str = NOBODY, lease: int = 0) -> Past:
    """Open the journal of a configuration, and rebuild what it tells.

    What the newest checkpoint that can be used has is not read again. One that cannot is told.
    `instance` is who writes from now on, `lease` the number of its lease.

    Raises:
        UsageError, JournalError: as `open_journal` and `rebuild`.
    """
    for path in checkpoint.found(checkpoints_of(config)):
        try:
            kept = checkpoint.read(path)
            state, mark = _recalled(kept)
            journal = open_journal(config, log, mark=mark, instance=instance, lease=lease)
        except CheckpointError as error:
            why = str(error) if str(path) in str(error) else f"{path}: {error}"
            log.warning("a checkpoint is not used: more of the journal is read", reason=why)
            continue
        rebuild(state, journal, after=kept.seq)
        parts = {part.name: part for part in kept.parts if part.name.startswith(PREFIX)}
        return Past(journal=journal, state=state, parts=parts)
    journal = open_journal(config, log, instance=instance, lease=lease)
    past = Past(journal=journal, state=EngineState())
    rebuild(past.state, past.journal)
    return past


def _recalled(kept: Checkpoint) -> tuple[EngineState, Bookmark]:
    """Return what a checkpoint remembers.

    Raises:
        CheckpointError: it lacks something, or has it in another form.
    """
    state = EngineState()
    data = [part_of(kept.parts, each.name, each.version) for each in state.projections]
    marked = part_of(kept.parts, Bookmark.name, Bookmark.version)
    try:
        for projection, dump in zip(state.projections, data, strict=True):
            projection.load(dump)
        mark = Bookmark.load(marked)
    except Exception as error:
        message = f"what it remembers cannot be read: {error}"
        raise CheckpointError(message) from error
    if (mark.seq, mark.hash) != (kept.seq, kept.hash):
        message = f"it says that it is one of record {kept.seq}, and ends at {mark.seq}"
        raise CheckpointError(message)
    return state, mark


def open_journal(
    config: Config,
    log: Logger,
    *,
    mark: Bookmark | None = None,
    instance: str = NOBODY,
    lease: int = 0,
) -> Journal:
    """Open the journal of a configuration, and log what a crash has taken from it.

    `instance` is who writes from now on, `lease` the number of its lease.

    Raises:
        CheckpointError: the mark does not fit; nothing has changed then.
        UsageError: if a directory cannot be written, or records are in another place.
        JournalError: if it cannot be trusted.
    """
    elsewhere = {t.id: t.journal_dir for t in config.traders if t.journal_dir is not None}
    journal = Journal.open(
        config.state_dir / "journal",
        elsewhere=elsewhere,
        anchor=StateFile(config.state_file).anchor(),
        mark=mark,
        instance=instance,
        lease=lease,
    )
    if journal.set_aside is not None:
        log.warning("days.json was damaged and was made anew", old=str(journal.set_aside))
    for torn in journal.recovered:
        log.warning("a record that a crash had cut short was set aside", torn=str(torn))
    for first, last in journal.gaps:
        log.warning("records were lost in a power failure", first=first, last=last)
    return journal


def rebuild(state: EngineState, journal: Journal, after: int = 0) -> None:
    """Let a state take over what is in a journal above a number.

    Raises:
        JournalError: if a record cannot be read, or cannot be true; it names the record.
    """
    for event in whole_events(journal, after=after):
        try:
            state.apply(event)
        except UnbookableError as error:
            where = f"{journal.directories[event.stream]}, {event.time:%Y-%m-%d}"
            message = f"{where}: {error}"
            raise JournalError(message, hints=UNBOOKABLE) from error
