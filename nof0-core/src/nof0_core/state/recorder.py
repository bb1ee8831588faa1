"""Journal and ledger as one: what is written is what is true."""

from __future__ import annotations

from collections.abc import Callable

from nof0_core.clock import Clock
from nof0_core.domain.event import Alerted, Body, Event
from nof0_core.ids import ENGINE, Symbol, TraderId
from nof0_core.journal import Journal
from nof0_core.plugins.env import Logger
from nof0_core.state.engine_state import EngineState


class Recorder:
    """Writes events to the journal and applies them to the ledger, always both.

    `listeners` are called with every event after it was applied, a cycle with all that was said in
    it; they must not wait or raise.
    """

    def __init__(self, *, journal: Journal, state: EngineState, clock: Clock, log: Logger) -> None:
        self.journal = journal
        self.state = state
        self.clock = clock
        self.log = log
        self.listeners: list[Callable[[Event], None]] = []

    def record(self, stream: TraderId, body: Body, *, took: float = 0.0) -> Event:
        """Append one event to a stream and apply it; it is on disk after the next `commit`.

        What cannot be applied never enters the journal: it is tried first. `took` is the real time
        spent on it, in seconds.

        Raises:
            UnbookableError: it cannot be true, or could not be read back. Nothing was written,
                numbered or changed; who records it knows where it came from, and what to do.
        """
        time = self.clock.now()
        seq = self.journal.last_seq + 1
        take = self.state.check(Event(seq=seq, time=time, stream=stream, body=body))
        self.journal.append(time, stream, body, took=took)
        event = take()
        for listener in self.listeners:
            listener(event)
        return event

    def commit(self) -> None:
        """Put everything recorded where no crash of the process can lose it.

        On a clock that runs in real time that includes a power failure (fsync); in a simulation
        nothing outside depends on it, so the operating system's buffer is enough.
        """
        if self.clock.is_lockstep:
            self.journal.flush()
        else:
            self.journal.sync()

    async def secure(self) -> int:
        """Do as `commit`, but let others work while the disk does; share its work with them.

        Returns the number of the newest record at the time of the call: all up to it are secured.
        In a simulation nothing happens in between.
        """
        newest = self.journal.last_seq
        if self.clock.is_lockstep:
            self.journal.flush()
        else:
            await self.journal.sync_beside()
        return newest

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
