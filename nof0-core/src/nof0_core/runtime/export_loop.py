"""Handing the journal to exporters, without ever making trading wait for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from nof0_core.domain.event import Event
from nof0_core.domain.measured import ExporterState
from nof0_core.domain.view import View
from nof0_core.execution.limits import LIMITS, Limits
from nof0_core.journal import Journal
from nof0_core.plugins.env import Logger
from nof0_core.runtime.beside import beside
from nof0_core.runtime.export_parts import taken
from nof0_core.runtime.exporting import Exporting, Output
from nof0_core.state.checkpoint import Part


class Exports:
    """All exporters of a run, each in a task of its own while it is `running`.

    One that fails, hangs or is slow delays no other and nobody else; a warning says so once, and
    nothing is lost: the journal is on disk. Nothing of it is an event, for it depends on the
    machine.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        log: Logger,
        last_within: float | None,
        limits: Limits = LIMITS,
        redact: Callable[[str], str] = str,
        parts: MutableMapping[str, Part] | None = None,
        checkpoints: Path | None = None,
    ) -> None:
        """Prepare; of the `parts` of a checkpoint each exporter that is added takes its own out.

        `checkpoints` is where those are put from now on, for exporters that keep them.
        """
        self._checkpoints = checkpoints
        self._journal = journal
        self._log = log
        self._last_within = last_within
        self._limits = limits
        self._redact = redact
        self._parts = {} if parts is None else parts
        self._exporters: list[Exporting] = []
        self._running = 0
        self._ended = anyio.Event()

    def add(self, output: Output) -> None:
        """Add an exporter, which is opened once it is `running`."""
        self._exporters.append(
            Exporting(
                output=output,
                journal=self._journal,
                limits=self._limits,
                redact=self._redact,
                log=self._log,
                parts=taken(output.name, self._parts),
                checkpoints=self._checkpoints,
            )
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open all exporters and hand over what they are offered; at the end break them off.

        An error from inside stays as it is.
        """
        # Of exporters that are configured no more; nobody will ask for them.
        self._parts.clear()
        async with beside() as tasks:
            for exporter in self._exporters:
                self._running += 1
                tasks.start_soon(self._run, exporter)
            yield

    def notice(self, event: Event) -> None:
        """Keep a new event for all exporters."""
        for exporter in self._exporters:
            exporter.notice(event)

    @property
    def states(self) -> tuple[ExporterState, ...]:
        """Return how the exporters are, in the order of the configuration."""
        return tuple(exporter.state for exporter in self._exporters)

    async def free(self) -> None:
        """Wait until no exporter is asked anything, for as long as one call may take."""
        with anyio.move_on_after(self._limits.export):
            for exporter in self._exporters:
                await exporter.free(self._limits.export)

    def parts(self) -> list[Part]:
        """Return what those exporters remember that are asked nothing now, for a checkpoint."""
        return [part for exporter in self._exporters for part in exporter.parts()]

    def offer(self, view: View) -> None:
        """Let every exporter catch up with the journal; waits for nobody."""
        for exporter in self._exporters:
            exporter.show(view)

    async def finish(self, view: View) -> None:
        """Let every exporter take over all there is; each is tried once more.

        All of it together may take `last_within` seconds of real time: what is left is handed over
        in the next run. Without, only the single calls have a limit.
        """
        for exporter in self._exporters:
            exporter.show(view, is_last=True)
        if self._running:
            with anyio.move_on_after(self._last_within):
                await self._ended.wait()
        for state in self.states:
            if state.behind:
                self._log.warning(
                    "exporter has not taken everything; what is left comes with the next start",
                    exporter=state.exporter,
                    behind=state.behind,
                )

    async def _run(self, exporter: Exporting) -> None:
        try:
            await exporter.run()
        finally:
            self._running -= 1
            if not self._running:
                self._ended.set()
