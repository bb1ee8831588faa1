"""What the engine says of itself while it runs, and last of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from nof0_core.clock import wall_time
from nof0_core.config.model import ClockConfig
from nof0_core.domain.engine_status import EngineState, EngineStatus
from nof0_core.manager.drivers import Driver
from nof0_core.manager.requests import HaltWatch


class StatusWatch:
    """Knows the state of an engine, and since when it is so.

    `stop_reason` tells why the run was asked to end, "" while it was not. What was said with `end`
    stays. `notes` are said with every state.
    """

    def __init__(
        self,
        *,
        driver: Driver,
        config: ClockConfig,
        halts: HaltWatch,
        stop_reason: Callable[[], str],
        notes: Iterable[str] = (),
    ) -> None:
        self._driver = driver
        self._speed = config.speed
        self._halts = halts
        self._stop_reason = stop_reason
        self._notes = tuple(notes)
        self._end: tuple[EngineState, str] | None = None
        self._seen: tuple[EngineState, str] | None = None
        self._since: datetime | None = None

    def end(self, state: EngineState, reason: str) -> None:
        """Say the last word; the first one stays."""
        self._end = self._end or (state, reason)

    def now(self, every: timedelta) -> EngineStatus:
        """Return the status of this moment; `every` is when it will be said again."""
        found = self._end or self._running()
        now = self._driver.clock.now()
        if self._seen is None or self._seen[0] != found[0]:
            self._since = now
        self._seen = found
        state, reason = found
        return EngineStatus(
            state=state,
            reason=reason,
            since=self._since or now,
            clock=str(self._driver.kind),
            speed=self._speed,
            heartbeat=wall_time(),
            every=every,
            notes=self._notes,
        )

    def _running(self) -> tuple[EngineState, str]:
        stopping = self._stop_reason()
        if stopping:
            return EngineState.STOPPING, stopping
        halt = self._halts.shown()
        if halt is not None:
            return EngineState.HALTED, halt.reason or halt.message
        return EngineState.RUNNING, ""
