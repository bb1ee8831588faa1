"""What earlier runs left: the journal, opened, and the state that is rebuilt from it."""

from __future__ import annotations

from nof0_core.config.model import Config
from nof0_core.errors import JournalError, UnbookableError
from nof0_core.journal import Journal
from nof0_core.plugins.env import Logger
from nof0_core.runtime.state_file import StateFile
from nof0_core.state.engine_state import EngineState

UNBOOKABLE = (
    "it was written by an earlier version of nof0, which tried it only afterwards",
    "put the whole data directory back from a copy made before this record",
    "or begin anew: --data-dir NEW; what the venue holds then goes to @unassigned, with an alert",
)


def open_journal(config: Config, log: Logger) -> Journal:
    """Open the journal of a configuration, and log what a crash has taken from it.

    Raises:
        UsageError: if a directory cannot be written, or records are in another place.
        JournalError: if it cannot be trusted.
    """
    elsewhere = {t.id: t.journal_dir for t in config.traders if t.journal_dir is not None}
    journal = Journal.open(
        config.state_dir / "journal",
        elsewhere=elsewhere,
        anchor=StateFile(config.state_file).anchor(),
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
    for event in journal.read(after=after):
        try:
            state.apply(event)
        except UnbookableError as error:
            where = f"{journal.root / event.stream}, {event.time:%Y-%m-%d}"
            message = f"{where}: {error}"
            raise JournalError(message, hints=UNBOOKABLE) from error
