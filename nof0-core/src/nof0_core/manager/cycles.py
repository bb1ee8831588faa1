"""The duty to decide: one cycle of one trader, and what follows when it fails."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime

import anyio

from nof0_core.domain.measured import Trouble
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import (
    EndOfDataError,
    JournalError,
    Nof0Error,
    ReplayMissError,
    each_in_words,
    leaves,
)
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.duty_guard import is_fatal, log_failure
from nof0_core.manager.gate import CycleGate
from nof0_core.manager.measurements import DutyTroubles
from nof0_core.manager.schedule import Rank
from nof0_core.manager.trader import Trader
from nof0_core.protocols.llm import CallLog
from nof0_core.state.recorder import Recorder

REASON_LETTERS = 200
"""Longest reason an alert gives; all of it is in the journal's record of the cycle."""


class CycleDuty:
    """Runs cycles, at most `most` at a time (None: nobody runs two at a time)."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        runner: CycleRunner,
        most: int | None,
        stopped: Callable[[], bool],
        troubles: DutyTroubles,
        gate: CycleGate,
    ) -> None:
        self._recorder = recorder
        self._runner = runner
        self._stopped = stopped
        self._troubles = troubles
        self._gate = gate
        self._limiter = nullcontext() if most is None else anyio.CapacityLimiter(most)

    async def run(self, trader: Trader, scheduled: datetime) -> None:
        """Run one cycle unless its trader pauses or the engine is ending.

        Raises:
            EndOfDataError: a recording is over.
            ReplayMissError: once the cycle it belongs to is recorded.
        """
        async with self._limiter, self._gate.cycle():
            await self._run(trader, self._unused(trader, scheduled))

    def _unused(self, trader: Trader, scheduled: datetime) -> datetime:
        """Return a moment no cycle was scheduled for: ids of orders are derived from it.

        Where the clock was set back, the moments of the grid come a second time.
        """
        state, name = self._recorder.state, trader.config.id
        last = state.standing(name).last_cycle
        if last is None or scheduled > last:
            return scheduled
        return scheduled.replace(microsecond=state.standing(name).cycles % 999_999 + 1)

    async def _run(self, trader: Trader, scheduled: datetime) -> None:
        now = self._recorder.clock.now()
        if self._stopped() or trader.is_paused or trader.waits_for or trader.is_pausing(now):
            return
        if self._recorder.is_disk_full:
            # A decision is not paid for whose record could not be kept; the alert is told.
            return
        if not trader.failures and self._runner.hold(trader.config.id, scheduled):
            trader.succeeded()
            return
        calls = CallLog()
        try:
            result = await self._runner.run(trader, scheduled, calls)
            status, reason = result.status, result.error
        except BaseException as error:
            if any(isinstance(leaf, EndOfDataError | JournalError) for leaf in leaves(error)):
                raise
            status, reason = self._judge(error)
            self._runner.record_failure(trader, scheduled, calls, status, reason)
            if is_fatal(error):
                raise
            log_failure(self._recorder, status, trader.config.id, error)
        self._note(trader, status, reason, now)

    def _judge(self, error: BaseException) -> tuple[CycleStatus, str]:
        if any(isinstance(leaf, ReplayMissError) for leaf in leaves(error)):
            return CycleStatus.REPLAY_MISS, each_in_words(error)
        if is_fatal(error):
            return CycleStatus.INTERRUPTED, "the engine was stopped"
        is_ours = all(isinstance(leaf, Nof0Error) for leaf in leaves(error))
        status = CycleStatus.PROVIDER_ERROR if is_ours else CycleStatus.INTERNAL_ERROR
        return status, each_in_words(error)

    def _note(self, trader: Trader, status: CycleStatus, reason: str, now: datetime) -> None:
        if status is CycleStatus.OK:
            trader.succeeded()
            return
        if status is CycleStatus.BUDGET_EXCEEDED:
            trader.sat_out()
            return
        self._troubles.count(Rank.CYCLE.word, Trouble.FAILED)
        if trader.failed(now):
            why = textwrap.shorten(reason, REASON_LETTERS, placeholder=" …")
            self._recorder.alert(
                "trader_failing",
                f"{trader.config.id} failed {trader.failures} cycles in a row ({status}: {why}); "
                "its positions and stops stay as they are",
                trader=trader.config.id,
            )
