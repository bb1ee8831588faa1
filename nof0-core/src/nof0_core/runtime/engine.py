"""A whole engine: run, and ended in good order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import anyio
import attrs

from nof0_core.cancellation import is_cancellation
from nof0_core.clock import Clock, pause
from nof0_core.config.model import Config
from nof0_core.disk import NO_ROOM
from nof0_core.domain.engine_status import EngineState
from nof0_core.domain.event import Alerted, EngineStopped
from nof0_core.domain.measured import LoopBlocks
from nof0_core.domain.view import View
from nof0_core.errors import LeaseLostError, each_in_words, leaves
from nof0_core.ids import ENGINE
from nof0_core.journal import Journal
from nof0_core.manager.manager import Manager
from nof0_core.manager.views import ViewBuilder
from nof0_core.redaction import Redactor
from nof0_core.runtime.beside import beside
from nof0_core.runtime.checkpointing import Checkpointing
from nof0_core.runtime.engine_status import StatusWatch
from nof0_core.runtime.export_loop import Exports
from nof0_core.runtime.health_watch import HealthWatch
from nof0_core.runtime.lease import HeldLease
from nof0_core.runtime.opening import Openings
from nof0_core.runtime.packing import Packing
from nof0_core.runtime.plugin_alerts import PluginAlerts
from nof0_core.runtime.reloading import Reloading
from nof0_core.runtime.sections import Sections
from nof0_core.runtime.state_file import StateFile
from nof0_core.state.recorder import Recorder

LAST_WORDS = 5.0
"""Seconds of real time in which exporters are told that a run has failed."""
_SHOWN = 200
"""Characters of an error in the status."""


@attrs.frozen(kw_only=True)
class Engine:
    """An engine, put together by `assemble`; it is run once.

    `loop_blocks` tells how often whoever runs it has seen the event loop stand still.
    """

    config: Config
    journal: Journal
    recorder: Recorder
    manager: Manager
    views: ViewBuilder
    exports: Exports
    openings: Openings
    checkpoints: Checkpointing
    packing: Packing
    sections: Sections
    alerts: PluginAlerts
    health: HealthWatch
    state_file: StateFile
    reloading: Reloading
    status: StatusWatch
    loop_blocks: Callable[[], LoopBlocks] = LoopBlocks
    lease: HeldLease | None = None

    @property
    def clock(self) -> Clock:
        """Return the clock of the run."""
        return self.manager.driver.clock

    @property
    def shown_every(self) -> float:
        """Return how many seconds of real time lie between two pictures of it."""
        is_recorded = self.manager.ends_at is not None
        return 1.0 if is_recorded else self.config.update_interval.total_seconds()

    async def run(self, after_moment: Callable[[datetime], None] = lambda _: None) -> str:
        """Run until stopped, and export meanwhile; return why it ended.

        However it ends, the journal says so, the state is written and exporters are told.
        `after_moment` is called with the time after each moment at which something was due.

        Raises:
            JournalError: something could not be written down.
            LeaseLostError: another engine has taken over; in a group.
            ExceptionGroup: of what a driver raises.
        """
        try:
            reason = await self._recorded(after_moment)
        except BaseException as error:
            await self._end_badly(error)
            raise
        self.status.end(EngineState.ENDED, reason)
        await self.exports.finish(self._view())
        self.checkpoints.put()
        await self.packing.finish()
        return reason

    async def _recorded(self, after_moment: Callable[[datetime], None]) -> str:
        """Run until stopped, and write down how it ended."""
        reason = ""
        try:
            self._tell_alerts()
            await self.manager.catch_up()
            self.export()
            reason = await self._run(after_moment)
            await self.manager.finish()
        except BaseException as error:
            reason = _why(error) or self.manager.stop_reason or "cancelled"
            raise
        finally:
            self.packing.hush()
            self._tell_alerts()
            bare = self.manager.unprotected()
            if bare:
                self.recorder.alert(
                    "unprotected_at_end",
                    f"no stop stands at the venue, and nobody watches now: {', '.join(bare)}",
                )
            self.recorder.record(ENGINE, EngineStopped(reason=reason, unprotected=bare))
            # Also what a simulation left to the operating system: the state file tells of it.
            self.recorder.commit()
            self.journal.sync()
            self._write_state(self.views.all())
        return reason

    async def _run(self, after_moment: Callable[[datetime], None]) -> str:
        tempo = self.manager.driver.tempo

        def after(now: datetime) -> None:
            if not tempo.at_once:
                self.checkpoints.put_if_due()
                self.sections.look(now)
                self._tell_alerts()
            after_moment(now)

        async with beside() as tasks:
            tasks.start_soon(self._keep_exporting)
            tasks.start_soon(self.reloading.keep)
            if self.lease is not None and self.lease.is_binding:
                tasks.start_soon(_end_with, self.lease)
            if tempo.at_once:
                tasks.start_soon(self.checkpoints.keep)
                tasks.start_soon(self.alerts.keep_draining, self._tell)
            if tempo.opens_late:
                tasks.start_soon(self.openings.keep_trying)
            return await self.manager.run(after)

    async def _keep_exporting(self) -> None:
        while True:
            await pause(self.shown_every)
            if self.manager.driver.tempo.at_once:
                # What a thread has told wakes nobody.
                self._tell_alerts()
            self.export()

    def export(self) -> View:
        """Let exporters catch up and write the state file; returns the picture they were given.

        Waits for no exporter.
        """
        view = self._view()
        self._write_state(view)
        self.exports.offer(view)
        return view

    def _view(self) -> View:
        return attrs.evolve(
            self.views.all(),
            exporters=self.exports.states,
            blocks=self.loop_blocks(),
            services=self.health.all(),
            engine=self.status.now(timedelta(seconds=self.shown_every)),
        )

    def _tell_alerts(self) -> None:
        """Write what services have told into the journal."""
        self.alerts.drain(self._tell)

    def _tell(self, alert: Alerted) -> None:
        self.recorder.record(ENGINE, alert)

    async def _end_badly(self, error: BaseException) -> None:
        """Let who looks at the status know what went wrong, without a secret."""
        if not _why(error):
            self.status.end(EngineState.ENDED, self.manager.stop_reason or "cancelled")
            return
        words = Redactor(self.config.secrets).text(each_in_words(error))
        self.status.end(EngineState.FAILED, words[:_SHOWN])
        try:
            with anyio.move_on_after(LAST_WORDS, shield=True):
                await self.exports.finish(self._view())
        except Exception as second:  # noqa: BLE001 - the first error is the one to be told
            self.recorder.log.warning("exporters were not told of the end", error=str(second))

    def _write_state(self, view: View) -> None:
        """Write the state file; without room the last one stays, which nothing depends on."""
        try:
            self.state_file.write(view, self.recorder.state, self.journal.safe)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self.recorder.log.warning("the state file has no room", error=str(error))


async def _end_with(lease: HeldLease) -> None:
    """End the run once another engine has taken over: nothing of this one counts any more."""
    await lease.lost.wait()
    raise LeaseLostError(lease.why_lost)


def _why(error: BaseException) -> str:
    """Say which errors ended a run, "" if it was cancelled; the log has the rest."""
    kinds = dict.fromkeys(
        type(leaf).__name__ for leaf in leaves(error) if not is_cancellation(leaf)
    )
    return f"failed: {', '.join(kinds)}" if kinds else ""
