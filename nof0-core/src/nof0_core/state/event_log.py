"""The port to where events are kept: what a recorder and its readers ask of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Protocol

from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.event import Body, Event
from nof0_core.ids import TraderId


class EventLog(Protocol):
    """Numbered events that only grow. The journal's files are one.

    Obligations: numbers begin with 1 and have no holes but those of a loss; `append` takes all or
    nothing; what was handed to `append` is never changed, and lost only as `flush` and `sync` say.
    Not for use from several threads at once.
    """

    @property
    def last_seq(self) -> int:
        """Return the number of the newest event, 0 if there is none."""
        ...

    def append(self, time: datetime, stream: TraderId, body: Body, *, took: float = 0.0) -> Event:
        """Number an event and keep it in memory; it is written by the next `flush`.

        `time` has a time zone. `took` is how many seconds of real time the machine spent on it.

        Raises:
            UnbookableError: it could not be read back as it is. Nothing is numbered then.
            JournalError: it cannot be kept. Likewise.
        """
        ...

    def flush(self) -> None:
        """Hand what was appended to the operating system: a killed process loses nothing of it.

        Raises:
            JournalFullError: there is no room for all of it. The rest stays in memory for the next
                time.
            JournalError: it cannot be written for another reason. Likewise.
        """
        ...

    def sync(self) -> None:
        """Do as `flush`, and wait until no power failure can take it.

        Raises:
            JournalError: as `flush`; or nobody knows what the disk has, and nothing is taken any
                more.
        """
        ...

    async def sync_beside(self) -> None:
        """Do as `sync` for what was appended before the call, while other tasks go on.

        They may append and flush.

        Raises:
            JournalError: as `sync`.
        """
        ...

    def read(
        self,
        after: int = 0,
        *,
        streams: Collection[TraderId] | None = None,
        types: Collection[str] | None = None,
    ) -> Iterator[Event]:
        """Yield flushed events with numbers above `after`, ascending, of some streams and types.

        Ends with the newest one that was flushed with all before it at the time of the call.

        Raises:
            JournalError: an event cannot be read.
        """
        ...


def whole_events(events: EventLog, after: int = 0) -> Iterator[Event]:
    """Yield what is flushed above a number, each cycle with all that was said in it.

    A cycle may have begun before that number, and a text of its prompt stand there.

    Raises:
        JournalError: an event cannot be read, or a part of it is in one that is not there.
    """
    cycles = CycleJoiner(lambda seq: next(events.read(after=seq - 1), None))
    return map(cycles.joined, events.read(after=after))
