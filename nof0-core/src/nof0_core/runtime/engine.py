"""A whole engine: opened from a configuration, run, and closed in good order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial

import anyio
import attrs

from nof0_core.clock import Clock
from nof0_core.config.model import Config
from nof0_core.disk import NO_ROOM
from nof0_core.domain.event import EngineStarted, EngineStopped
from nof0_core.domain.measured import LoopBlocks
from nof0_core.domain.view import View
from nof0_core.execution.limits import LIMITS, Limits
from nof0_core.ids import ENGINE
from nof0_core.journal import Journal
from nof0_core.journal.reserve import Reserve
from nof0_core.manager.cycle_end import end_interrupted
from nof0_core.manager.manager import AHEAD, Manager
from nof0_core.manager.views import ViewBuilder
from nof0_core.plugins.env import Logger
from nof0_core.redaction import Redactor
from nof0_core.runtime import clocks, compatibility
from nof0_core.runtime.build import make_budget, make_manager, make_quarantine
from nof0_core.runtime.capital import book_lost_calls
from nof0_core.runtime.checkpointing import Checkpointing
from nof0_core.runtime.export_loop import Exports
from nof0_core.runtime.exporting import Output
from nof0_core.runtime.facts import record_config, record_instruments
from nof0_core.runtime.file_limit import raise_file_limit
from nof0_core.runtime.instance import new_instance
from nof0_core.runtime.lock import locked
from nof0_core.runtime.opening import Openings
from nof0_core.runtime.packing import Packing
from nof0_core.runtime.past import checkpoints_of, open_past
from nof0_core.runtime.sections import sections_of
from nof0_core.runtime.services import Services
from nof0_core.runtime.state_file import StateFile
from nof0_core.spending.open_calls import OpenCalls
from nof0_core.state.durability import Durability
from nof0_core.state.recorder import Recorder
from nof0_core.version import VERSION


@attrs.frozen(kw_only=True)
class Engine:
    """An opened engine.

    `is_recorded` tells that its markets are recordings. `loop_blocks` tells how often whoever runs
    it has seen the event loop stand still.
    """

    config: Config
    clock: Clock
    journal: Journal
    recorder: Recorder
    manager: Manager
    views: ViewBuilder
    exports: Exports
    openings: Openings
    checkpoints: Checkpointing
    packing: Packing
    state_file: StateFile
    is_recorded: bool
    loop_blocks: Callable[[], LoopBlocks] = LoopBlocks

    async def run(self, after_moment: Callable[[datetime], None] = lambda _: None) -> str:
        """Run until stopped; however it ends, the journal says so and the state is written."""
        await self.manager.catch_up()
        self.export()
        reason = "failed"
        try:
            reason = await self._run(after_moment)
            await self.manager.finish()
        finally:
            self.packing.hush()
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
        await self.exports.finish(self._view())
        self.checkpoints.put()
        await self.packing.finish()
        return reason

    async def _run(self, after_moment: Callable[[datetime], None]) -> str:
        if self.clock.is_lockstep:

            def after(now: datetime) -> None:
                self.checkpoints.put_if_due()
                after_moment(now)

            return await self.manager.run(after)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.checkpoints.keep)
            tasks.start_soon(self.openings.keep_trying)
            reason = await self.manager.run(after_moment)
            tasks.cancel_scope.cancel()
        return reason

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
            self.views.all(), exporters=self.exports.states, blocks=self.loop_blocks()
        )

    def _write_state(self, view: View) -> None:
        """Write the state file; without room the last one stays, which nothing depends on."""
        try:
            self.state_file.write(view, self.recorder.state, self.journal.safe)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self.recorder.log.warning("the state file has no room", error=str(error))


@asynccontextmanager
async def open_engine(
    config: Config,
    *,
    full_speed: bool,
    log: Callable[[str], Logger],
    limits: Limits = LIMITS,
    loop_blocks: Callable[[], LoopBlocks] = LoopBlocks,
    instance: Callable[[], str] = new_instance,
) -> AsyncIterator[Engine]:
    """Open everything the configuration names, and close it in reverse order.

    On a lockstep clock that is all or nothing. Where time runs by itself, a section that does not
    open in a way that may pass is tried again for as long as the engine runs.

    Args:
        config: what to run.
        full_speed: use a simulated clock where the configuration sets a time of its own.
        log: makes a logger for a part of the program.
        limits: how long opening, closing and exporting may take, in real time.
        loop_blocks: tells how often the event loop has stood still, for exporters.
        instance: gives the name this process writes under, 16 hex digits.

    Raises:
        EndOfDataError: an earlier run has come to the end of a recorded market.
        UsageError: another engine holds the data directory, it cannot be written, the clock does
            not fit the market, an exchange account holds less than its traders were promised, or
            the system allows too few open files.
        Nof0Error: what a provider said when it was opened.
    """
    raise_file_limit(len(config.traders), exporters=len(config.exporters))
    async with AsyncExitStack() as stack:
        stack.enter_context(locked(config.state_dir))
        past = open_past(config, log("journal"), instance=instance())
        journal, state = past.journal, past.state
        stack.enter_context(journal)
        newest = state.newest
        clock = clocks.choose(config.clock, full_speed=full_speed, resume_at=newest)
        durability = clocks.durability(clock)
        recorder = Recorder(
            events=journal, durability=durability, state=state, clock=clock, log=log("engine")
        )
        exports = Exports(
            journal=journal,
            log=log("exports"),
            is_lockstep=clock.is_lockstep,
            limits=limits,
            redact=Redactor(config.secrets).text,
            parts=past.parts,
        )
        recorder.listeners.append(exports.notice)
        checkpoints = Checkpointing(
            journal=journal,
            recorder=recorder,
            directory=checkpoints_of(config),
            engine=config.name,
            config_digest=config.digest,
            log=log("journal"),
            exports=exports,
        )
        recorder.listeners.append(checkpoints.notice)
        calls = OpenCalls(config.state_dir / "open_calls", recorder.assure)
        recorder.listeners.append(calls.notice)
        budget = make_budget(config, recorder, calls.begin)
        sections, first_calls = await stack.enter_async_context(
            sections_of(config, clock, log, budget=budget, limits=limits)
        )
        quarantine = make_quarantine(config, recorder)
        openings = Openings(recorder=recorder, within=limits.open)
        services = Services(
            config=config,
            recorder=recorder,
            sections=sections,
            first_calls=first_calls,
            openings=openings,
            is_resumed=newest is not None,
            quarantine=quarantine,
        )
        await services.open()
        for section in config.exporters:
            owner = config.registry.owner("exporter", section.kind.type)
            exports.add(
                Output(
                    name=section.name,
                    plugin="" if owner.is_builtin else owner.distribution,
                    open=partial(sections.open_exporter, section),
                )
            )
        await stack.enter_async_context(exports.running())
        recorder.record(
            ENGINE,
            EngineStarted(
                version=VERSION,
                config_digest=config.digest,
                clock=clocks.kind(clock),
                seed=config.seed,
                traders=tuple(t.id for t in config.traders),
            ),
        )
        packing = Packing(
            journal=journal,
            is_lockstep=clock.is_lockstep,
            alert=recorder.alert,
            log=log("journal"),
            within=limits.export,
        )
        await stack.enter_async_context(packing.running())
        record_config(config, recorder)
        if durability is Durability.DISK:
            # A simulation may end, and go on once there is room.
            recorder.keep_room(Reserve(config.state_dir / "reserve"))
        _tell_of_the_future(config, recorder, newest)
        book_lost_calls(calls, recorder)
        budget.take_over(state.spending)
        end_interrupted(recorder)
        providers = await services.fund()
        record_instruments(config, recorder, services.feeds)
        made = make_manager(
            config=config,
            recorder=recorder,
            markets=services.markets,
            feeds=services.feeds,
            providers=providers,
            backends=services.backends,
            budget=budget,
            quarantine=quarantine,
        )
        services.use(made)
        yield Engine(
            config=config,
            clock=clock,
            journal=journal,
            recorder=recorder,
            manager=made.manager,
            views=made.views,
            exports=exports,
            openings=openings,
            checkpoints=checkpoints,
            packing=packing,
            state_file=StateFile(config.state_file),
            is_recorded=compatibility.end_of(services.markets) is not None,
            loop_blocks=loop_blocks,
        )


def _tell_of_the_future(config: Config, recorder: Recorder, last: datetime | None) -> None:
    """Alert if an earlier run had its clock ahead: what it planned is not waited for."""
    now = recorder.clock.now()
    if recorder.clock.is_lockstep or config.clock.start is not None:
        return
    times = [recorder.state.standing(trader.id).last_cycle for trader in config.traders]
    times.append(last)
    newest = max((time for time in times if time is not None), default=now)
    if newest > now + AHEAD:
        recorder.alert(
            "clock_was_ahead",
            f"an earlier run recorded {newest:%Y-%m-%d %H:%M:%S} UTC, now it is "
            f"{now:%Y-%m-%d %H:%M:%S}: its clock was ahead, or this one is behind; traders decide "
            "from now on",
        )
