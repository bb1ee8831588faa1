"""When checkpoints are made while an engine runs."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread

from nof0_core.domain.event import Event
from nof0_core.files import in_words
from nof0_core.journal import Journal
from nof0_core.plugins.env import Logger
from nof0_core.runtime.export_loop import Exports
from nof0_core.state import checkpoint
from nof0_core.state.checkpoint import Checkpoint, Part
from nof0_core.state.durability import Durability
from nof0_core.state.recorder import Recorder

EVERY = 10_000
"""Events from one checkpoint to the next."""


class Checkpointing:
    """Makes a checkpoint of all that is remembered every so many events, and at the end of a run.

    Where time runs by itself that happens beside everything else (`keep`); only the memory is
    copied on the event loop. On a lockstep clock it is done between two moments (`put_if_due`). One
    that cannot be written is a warning: the next start reads more of the journal.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        recorder: Recorder,
        directory: Path,
        engine: str,
        config_digest: str,
        log: Logger,
        exports: Exports | None = None,
        every: int = EVERY,
    ) -> None:
        """Prepare; `journal` is what `recorder` writes to.

        What `exports` remember goes into it as well.
        """
        self._journal = journal
        self._recorder = recorder
        self._directory = directory
        self._engine = engine
        self._config_digest = config_digest
        self._log = log
        self._exports = exports
        self._every = every
        self._since = 0
        self._is_due = anyio.Event()

    def reload(self, config_digest: str) -> None:
        """Name another configuration from now on."""
        self._config_digest = config_digest

    def notice(self, event: Event) -> None:  # noqa: ARG002 - a listener
        """Count an event."""
        self._since += 1
        if self._since >= self._every:
            self._is_due.set()

    def put_if_due(self) -> None:
        """Make one now if it is time.

        Raises:
            JournalError: the disk did not confirm the journal.
        """
        if self._is_due.is_set():
            self.put()

    def put(self) -> None:
        """Make one now, and wait for the disk.

        Raises:
            JournalError: the disk did not confirm the journal.
        """
        if self._journal.last_seq:
            self._journal.sync()
            self._write(self._taken())

    async def keep(self) -> None:
        """Make one whenever it is time, until this is cancelled.

        Raises:
            JournalError: the disk did not confirm the journal.
        """
        while True:
            await self._is_due.wait()
            if self._exports is not None:
                await self._exports.free()
            taken = self._taken()
            if await self._recorder.secure() >= taken.seq and not self._recorder.is_disk_full:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._write, taken)

    def _taken(self) -> Checkpoint:
        """Copy what all remember now; nothing happens meanwhile."""
        self._since = 0
        self._is_due = anyio.Event()
        is_real_time = self._recorder.durability is Durability.DISK
        mark = self._journal.bookmark(is_real_time=is_real_time)
        assert mark is not None  # noqa: S101 - there is an event, or nobody would ask
        parts = [
            Part(name=each.name, version=each.version, data=each.dump())
            for each in self._recorder.state.projections
        ]
        parts.append(Part(name=mark.name, version=mark.version, data=mark.dump()))
        return Checkpoint(
            engine=self._engine,
            seq=mark.seq,
            hash=mark.hash,
            config_digest=self._config_digest,
            parts=(*parts, *(self._exports.parts() if self._exports is not None else ())),
        )

    def _write(self, taken: Checkpoint) -> None:
        try:
            checkpoint.write(self._directory, taken)
        except OSError as error:
            self._log.warning("no checkpoint could be made", reason=in_words(error))
