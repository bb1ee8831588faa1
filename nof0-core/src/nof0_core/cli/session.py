"""One run of `nof0 run`, which always ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from datetime import datetime, timedelta
from functools import partial

import anyio
import anyio.to_thread
from rich.console import Console

from nof0_core.border.foreign import Origin, reraise
from nof0_core.cli.display import display, summary
from nof0_core.cli.report import FAILED, INTERRUPTED, report
from nof0_core.clock import pause
from nof0_core.config.fields import written
from nof0_core.config.model import Config
from nof0_core.domain.measured import ExporterState
from nof0_core.errors import EndOfDataError, Nof0Error, PluginError, ProviderError
from nof0_core.execution.limits import Limits
from nof0_core.plugins.env import Logger
from nof0_core.protocols import service_faults
from nof0_core.redaction import Redactor
from nof0_core.runtime import clocks
from nof0_core.runtime.assemble import assemble
from nof0_core.runtime.blocked_loop import LoopWatch
from nof0_core.runtime.engine import Engine
from nof0_core.runtime.hang_up import HangUp
from nof0_core.runtime.health_watch import Watched
from nof0_core.runtime.heap import spared_heap
from nof0_core.runtime.holding import Holder, holding
from nof0_core.runtime.leaving import Deadline, Threads, each_named, leave, wait_for_threads
from nof0_core.runtime.reloading import Load
from nof0_core.runtime.services import open_services
from nof0_core.runtime.stop_signals import StopSignals

Lag = Callable[[], Mapping[str, int]]
Quarantine = Callable[[], Mapping[str, str]]
Beside = Callable[[Lag, Quarantine], AbstractAsyncContextManager[object]]
"""Opens what runs beside the engine, given how to ask how exporters are."""


class Session:
    """One run of the command: it always ends, whatever plugins do, and says why.

    `code` is what the process ends with; a run that was asked to end has `limits.end` for it.
    `load` reads its configuration anew, `words` name the run to other commands. One that
    `is_standby` waits for another engine to go.
    """

    def __init__(
        self,
        config: Config,
        log: Logger,
        console: Console,
        *,
        limits: Limits,
        load: Load | None = None,
        words: Sequence[str] = (),
        is_standby: bool = False,
    ) -> None:
        self.code = 0
        self._words = words
        self._is_standby = is_standby
        self._config = config
        self._log = log
        self._console = console
        self._limits = limits
        self._plugins = config.registry.plugins
        self._deadline = Deadline(log=log, plugins=self._plugins)
        self._signals = StopSignals(stop=self._on_signal, leave=self._at_once, log=log)
        self._hang_up = HangUp(reload=self._on_reload, gone=self._on_hang_up)
        self._load = load
        self._is_reload_asked = False
        self._engine: Engine | None = None
        self._opening: anyio.CancelScope | None = None
        self._opened: anyio.Event | None = None
        self._reason = ""
        self._companions: dict[str, Watched] = {}
        self._is_told = self._is_asked = False
        self._stay: anyio.Event | None = None

    async def live(
        self,
        log: Callable[[str], Logger],
        cycles: int | None,
        wall_limit: timedelta | None,
        beside: Mapping[str, Beside],
    ) -> None:
        """Run, report, and see to it that the event loop ends."""
        self._signals.install()
        self._hang_up.install()
        opening = self._opening = anyio.CancelScope()
        opened = self._opened = anyio.Event()
        watch = LoopWatch(log=self._log, plugins=self._plugins)
        try:
            async with watch.watching(), anyio.create_task_group() as tasks:
                tasks.start_soon(self._signals.keep)
                if wall_limit is not None:
                    seconds = 2 * wall_limit.total_seconds() + self._limits.open
                    self._give(seconds + self._limits.end)
                    tasks.start_soon(self._stop_after, wall_limit)
                failed: Exception | None = None
                try:
                    with opening:
                        await self._trade(log, cycles, beside, watch, opened)
                except EndOfDataError as error:
                    self._reason = self._reason or str(error)
                except Exception as error:  # noqa: BLE001 - raised again below
                    failed = error
                tasks.cancel_scope.cancel()
            if failed is not None:
                raise failed
            await self._tell()
        finally:
            # All of ours is closed and written: what is left is not worth waiting for.
            self._give(self._limits.close)

    def settle(self, known: Threads) -> None:
        """Give the signals back, and leave at once where a thread of a plugin does not end."""
        self._signals.restore()
        self._hang_up.restore()
        self._deadline.lift()
        left = wait_for_threads(known, self._limits.close)
        if not left:
            return
        named = ", ".join(each_named(left, self._plugins))
        self._log.warning("threads were left behind; the process ends without them", threads=named)
        error = sys.exc_info()[1]
        leave(self.code if error is None else report(error, is_debug=False))

    async def _trade(
        self,
        log: Callable[[str], Logger],
        cycles: int | None,
        beside: Mapping[str, Beside],
        watch: LoopWatch,
        opened: anyio.Event,
    ) -> None:
        async with AsyncExitStack() as stack:
            holder = await stack.enter_async_context(
                holding(hangs_end=False, log=self._log, within=self._limits.close)
            )
            for name, open_one in beside.items():
                await self._enter(holder, name, open_one)
            moments = _Moments(cycles)
            try:
                await self._run(log, watch, opened, moments)
            except EndOfDataError as error:
                self._reason = self._reason or str(error)
            if self._companions and not self._is_asked and not moments.are_over:
                await self._stay_open()

    async def _run(
        self,
        log: Callable[[str], Logger],
        watch: LoopWatch,
        opened: anyio.Event,
        moments: _Moments,
    ) -> None:
        """Open all sections, trade until it is over, and close them."""
        config = self._config
        driver = clocks.driving(
            config.clock, full_speed=moments.cycles is not None, limits=self._limits
        )
        async with open_services(config, driver, log=log, is_standby=self._is_standby) as services:
            engine = self._engine = assemble(
                services, services.driver, loop_blocks=lambda: watch.blocks, load=self._load
            )
            if self._is_reload_asked:
                engine.reloading.asks.signal()
            for name, watched in self._companions.items():
                services.health.watch_companion(name, watched)
            opened.set()
            async with anyio.create_task_group() as tasks:
                with spared_heap(), display(engine, self._console, moments.cycles) as update:
                    tasks.start_soon(_keep_drawn, engine, update)
                    self._reason = await engine.run(partial(moments, engine))
                tasks.cancel_scope.cancel()

    async def _tell(self) -> None:
        """Say once how it ended; in a thread, for what was exported is read with a loop there."""
        if not self._is_told:
            self._is_told = True
            end = partial(summary, self._config, self._console, self._reason, self._words)
            await anyio.to_thread.run_sync(end)

    async def _stay_open(self) -> None:
        """Leave what runs beside the engine open until somebody ends it: a recording is over."""
        await self._tell()
        names = ", ".join(self._companions)
        with suppress(OSError):
            self._console.print(f"the run is over, {names} goes on; Ctrl-C ends it")
        self._stay = anyio.Event()
        await self._stay.wait()

    async def _enter(self, holder: Holder, name: str, open_one: Beside) -> None:
        """Open what runs beside the engine."""
        registry = self._config.registry
        redact = Redactor(self._config.secrets).text
        plugin = str(registry.companions[name])
        origin = Origin(part=f"companion {name}", plugin=plugin, redact=redact)
        try:
            service = await holder.enter(origin, open_one(self._lag, self._quarantine))
        except BaseException as error:  # noqa: BLE001 - foreign code raises anything
            reraise(error, origin=origin, verb="open", allowed=(Nof0Error,), make=ProviderError)
        if faults := service_faults(service):
            raise PluginError(origin.at_fault("; ".join(faults)))
        self._companions[name] = Watched.alone(service, origin, self._log)

    def _stop(self, reason: str, code: int) -> None:
        """Ask the run to end, or what is being opened."""
        if self._stay is not None:
            self._give(self._limits.end)
            self._stay.set()
            return
        if self._reason:
            return
        self._is_asked = True
        self._reason, self.code = reason, code
        self._give(self._limits.end)
        if self._engine is not None:
            self._engine.manager.stop(reason)
        elif self._opening is not None:
            self._opening.cancel()

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGINT:
            self._stop("interrupted", INTERRUPTED)
        else:
            self._stop("terminated", 0)

    def _on_reload(self) -> None:
        """Have the configuration read again, once all sections are open."""
        self._is_reload_asked = True
        if self._engine is not None:
            self._engine.reloading.asks.signal()

    def _on_hang_up(self) -> None:
        self._log.warning("the terminal of the run was closed: it ends")
        self._stop("the terminal was closed", 0)

    def _at_once(self, number: int) -> None:
        leave(INTERRUPTED if number == signal.SIGINT else FAILED)

    async def _stop_after(self, limit: timedelta) -> None:
        """Stop so long after everything is open; an opening that goes on longer is given up."""
        seconds, opened = limit.total_seconds(), self._opened
        assert opened is not None  # noqa: S101 - made before this begins
        with anyio.move_on_after(seconds + self._limits.open):
            await opened.wait()
        if opened.is_set():
            await pause(seconds)
        self._stop(f"{written(limit)} of real time are over", 0)

    def _give(self, seconds: float) -> None:
        self._deadline.within(seconds, self.code, "the run")

    def _states(self) -> tuple[ExporterState, ...]:
        return self._engine.exports.states if self._engine is not None else ()

    def _lag(self) -> Mapping[str, int]:
        return {state.exporter: state.behind for state in self._states()}

    def _quarantine(self) -> Mapping[str, str]:
        return {state.exporter: state.trouble for state in self._states() if state.trouble}


class _Moments:
    """Called after each moment of the run: counts cycles, up to `cycles` where that is a number."""

    def __init__(self, cycles: int | None) -> None:
        self.cycles = cycles
        self.are_over = False

    def __call__(self, engine: Engine, _: datetime) -> None:
        done = max((t.cycles for t in engine.manager.traders.values()), default=0)
        if self.cycles is not None and done >= self.cycles:
            self.are_over = True
            engine.manager.stop(f"{done} cycle{'s' if done != 1 else ''} done")


async def _keep_drawn(engine: Engine, update: Callable[[], None]) -> None:
    """Redraw now and then, in real time, as long as somebody can see it."""
    # A terminal that is gone, or a pipe nobody reads any more, ends no run.
    with suppress(OSError):
        while True:
            await pause(engine.shown_every)
            update()
