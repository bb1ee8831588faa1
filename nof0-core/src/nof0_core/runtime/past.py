"""What earlier runs left: the journal, opened, and the state that is rebuilt from it."""

from __future__ import annotations

from nof0_core.config.model import Config
from nof0_core.domain.event import CallsLost, CycleEnded, Decided, Event
from nof0_core.errors import JournalError, UnbookableError
from nof0_core.ids import TraderId
from nof0_core.journal import Journal
from nof0_core.journal.record import NOBODY
from nof0_core.plugins.env import Logger
from nof0_core.runtime.state_file import StateFile
from nof0_core.state.engine_state import EngineState

UNBOOKABLE = (
    "it was written by an earlier version of nof0, which tried it only afterwards",
    "put the whole data directory back from a copy made before this record",
    "or begin anew: --data-dir NEW; what the venue holds then goes to @unassigned, with an alert",
)


class Past:
    """What is kept of a journal beside the ledger: its newest event, and what models cost that day.

    The day of the newest event is enough: a clock never goes back to an earlier one. `cycles` has
    the number of each trader's newest record with calls.
    """

    def __init__(self) -> None:
        self.last: Event | None = None
        self.spending: list[Event] = []
        self.cycles: dict[TraderId, int] = {}

    def note(self, event: Event) -> None:
        """Take the next event."""
        if self.last is not None and event.time.date() != self.last.time.date():
            self.spending.clear()
        if isinstance(event.body, CycleEnded | Decided | CallsLost):
            self.cycles[event.body.trader] = event.seq
            if event.body.calls:
                self.spending.append(event)
        self.last = event


def open_journal(config: Config, log: Logger, *, instance: str = NOBODY) -> Journal:
    """Open the journal of a configuration, and log what a crash has taken from it.

    `instance` is who writes from now on.

    Raises:
        UsageError: if a directory cannot be written, or records are in another place.
        JournalError: if it cannot be trusted.
    """
    elsewhere = {t.id: t.journal_dir for t in config.traders if t.journal_dir is not None}
    journal = Journal.open(
        config.state_dir / "journal",
        elsewhere=elsewhere,
        anchor=StateFile(config.state_file).anchor(),
        instance=instance,
    )
    if journal.set_aside is not None:
        log.warning("days.json was damaged and was made anew", old=str(journal.set_aside))
    for torn in journal.recovered:
        log.warning("a record that a crash had cut short was set aside", torn=str(torn))
    for first, last in journal.gaps:
        log.warning("records were lost in a power failure", first=first, last=last)
    return journal


def rebuild(state: EngineState, journal: Journal) -> Past:
    """Let a new state take over all that is in a journal.

    Raises:
        JournalError: if a record cannot be read, or cannot be true; it names the record.
    """
    past = Past()
    for event in journal.read():
        try:
            state.apply(event)
        except UnbookableError as error:
            where = f"{journal.root / event.stream}, {event.time:%Y-%m-%d}"
            message = f"{where}: {error}"
            raise JournalError(message, hints=UNBOOKABLE) from error
        past.note(event)
    return past
