"""Event log and state as one: what is written is what is true."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from nof0_core.clock import Clock
from nof0_core.domain.event import Alerted, Body, Event
from nof0_core.errors import JournalFullError
from nof0_core.ids import ENGINE, Symbol, TraderId
from nof0_core.journal.reserve import Reserve
from nof0_core.plugins.env import Logger
from nof0_core.state.durability import Durability
from nof0_core.state.engine_state import EngineState
from nof0_core.state.event_log import EventLog
from nof0_core.state.full_disk import FullDisk
from nof0_core.state.written_prompts import WrittenPrompts


class Recorder:
    """Writes events to the event log and applies them to the state, always both.

    `durability` is where they are once they are committed. `listeners` are called with every event
    after it was applied, a cycle with all that was said in it; they must not wait or raise. Who
    wants some kinds only asks for those with `listen`. `before` is called ahead of each event: it
    may record what has to stand before that.
    """

    def __init__(
        self,
        *,
        events: EventLog,
        durability: Durability,
        state: EngineState,
        clock: Clock,
        log: Logger,
    ) -> None:
        self.events = events
        self.durability = durability
        self.state = state
        self.clock = clock
        self.log = log
        self.listeners: list[Callable[[Event], None]] = []
        self._listeners_of: defaultdict[type[Body], list[Callable[[Event], None]]] = defaultdict(
            list
        )
        self.before: Callable[[], None] | None = None
        self._prompts = WrittenPrompts()
        self._full_disk: FullDisk | None = None

    def listen(self, listener: Callable[[Event], None], *kinds: type[Body]) -> None:
        """Call somebody with every event of these kinds from now on, after `listeners`."""
        for kind in kinds:
            self._listeners_of[kind].append(listener)

    @property
    def last_seq(self) -> int:
        """Return the number of the newest event, 0 if there is none."""
        return self.events.last_seq

    def record(
        self, stream: TraderId, body: Body, *, took: float = 0.0, time: datetime | None = None
    ) -> Event:
        """Append one event to a stream and apply it; the next `commit` makes it durable.

        What cannot be applied never enters the event log: it is tried first. `took` is the real
        time spent on it, in seconds, `time` what the clock said just now if that was asked already.
        A text of a prompt that the stream has is not written again.

        Raises:
            UnbookableError: it cannot be true, or could not be read back. Nothing was written,
                numbered or changed; who records it knows where it came from, and what to do.
        """
        if self.before is not None:
            self.before()
        time = self.clock.now() if time is None else time
        seq = self.events.last_seq + 1
        take = self.state.check(Event(seq=seq, time=time, stream=stream, body=body))
        written = self._prompts.shortened(time, body)
        self.events.append(time, stream, written, took=took)
        self._prompts.take(seq, time, written)
        event = take()
        for listener in self.listeners:
            listener(event)
        for listener in self._listeners_of.get(type(body), ()):
            listener(event)
        return event

    @property
    def is_disk_full(self) -> bool:
        """Tell whether only what protects may be done, because the rest could not be kept."""
        return self._full_disk is not None and self._full_disk.is_on

    def commit(self) -> None:
        """Put everything recorded where its durability asks for: no crash of the process takes it.

        Where the disk is full and there is a reserve, that is given; what still finds no room waits
        in memory, and `is_disk_full` says so.

        Raises:
            JournalError: the journal cannot be written, or the disk did not confirm it.
        """
        write = self.events.sync if self.durability is Durability.DISK else self.events.flush
        try:
            write()
        except JournalFullError as error:
            self._make_room(error)
            with suppress(JournalFullError):
                write()
        else:
            self._look_for_room()

    async def secure(self) -> int:
        """Do as `commit`, but let others work while the disk does; share its work with them.

        Returns the number of the newest event at the time of the call: all up to it are secured,
        or the disk is full. Where the operating system's buffer is enough, nothing happens in
        between; where the end of the moment is, nothing at all.

        Raises:
            JournalError: as `commit`.
        """
        newest = self.events.last_seq
        if self.durability is not Durability.DISK:
            if self.durability is Durability.BUFFER:
                self.commit()
            return newest
        try:
            await self.events.sync_beside()
        except JournalFullError as error:
            self._make_room(error)
            with suppress(JournalFullError):
                await self.events.sync_beside()
        else:
            self._look_for_room()
        return newest

    async def assure(self) -> int:
        """Do as `secure`, for what must not be done unless all of it can be kept.

        Raises:
            JournalFullError: the disk is full.
            JournalError: as `commit`.
        """
        newest = await self.secure()
        if self.durability is Durability.MOMENT:
            self.commit()
        if self.is_disk_full:
            message = "the disk is full"
            raise JournalFullError(message)
        return newest

    def flush(self) -> None:
        """Hand everything recorded to the operating system, where the end of a moment is too late.

        Where the disk is full and there is a reserve, that is given, and it is done another time.

        Raises:
            JournalError: it cannot be written.
        """
        if self.durability is Durability.MOMENT:
            return
        try:
            self.events.flush()
        except JournalFullError as error:
            self._make_room(error)

    def keep_room(self, reserve: Reserve) -> None:
        """Keep a reserve from now on, for what has to be written when the disk is full.

        Raises:
            JournalError: the disk does not say whether it has room for it.
        """
        self._full_disk = FullDisk(reserve=reserve, clock=self.clock, alert=self.alert)
        self._full_disk.look()

    def _make_room(self, error: JournalFullError) -> None:
        if self._full_disk is None:
            raise error
        self._full_disk.begin(str(error))

    def _look_for_room(self) -> None:
        if self._full_disk is not None and self._full_disk.is_on:
            self._full_disk.look()

    def alert(
        self,
        code: str,
        message: str,
        *,
        trader: TraderId | None = None,
        symbol: Symbol | None = None,
    ) -> None:
        """Record something a person should look at, and log it."""
        self.log.warning(message, code=code, trader=trader, symbol=symbol)
        body = Alerted(code=code, message=message, trader=trader, symbol=symbol)
        self.record(trader or ENGINE, body)
