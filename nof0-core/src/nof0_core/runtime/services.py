"""Everything a configuration names, opened for one engine."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial

import attrs

from nof0_core.border.foreign import Origin
from nof0_core.border.quarantine import Quarantine
from nof0_core.clock import pause
from nof0_core.config.model import Config, Section
from nof0_core.domain.event import CycleEnded, Decided, EngineStarted
from nof0_core.execution.mandate import UNBOUNDED, Mandate
from nof0_core.ids import ENGINE
from nof0_core.journal import Journal
from nof0_core.journal.reserve import Reserve
from nof0_core.manager.cycle_end import end_interrupted
from nof0_core.manager.drivers import Driver
from nof0_core.manager.manager import AHEAD
from nof0_core.plugins.env import Logger
from nof0_core.protocols import ExchangeProvider
from nof0_core.redaction import Redactor
from nof0_core.runtime import origins
from nof0_core.runtime.account_lock import locked_accounts
from nof0_core.runtime.capital import book_lost_calls
from nof0_core.runtime.checkpointing import Checkpointing
from nof0_core.runtime.connections import Connections
from nof0_core.runtime.export_loop import Exports
from nof0_core.runtime.exporting import Output
from nof0_core.runtime.facts import record_config, record_instruments
from nof0_core.runtime.file_limit import open_files
from nof0_core.runtime.health_watch import HealthWatch
from nof0_core.runtime.lease import TIMES, HeldLease, LeaseTimes
from nof0_core.runtime.leasing import identities, leased
from nof0_core.runtime.lock import locked
from nof0_core.runtime.opening import Openings
from nof0_core.runtime.packing import Packing
from nof0_core.runtime.past import Past, checkpoints_of, open_past
from nof0_core.runtime.plugin_alerts import PluginAlerts
from nof0_core.runtime.restored_accounts import restored_accounts
from nof0_core.runtime.restoring import restore_at_start
from nof0_core.runtime.sections import Opener, Sections, as_configured, sections_of
from nof0_core.spending.budget import CallStore, ModelBudget
from nof0_core.spending.open_calls import OpenCalls
from nof0_core.state.durability import Durability
from nof0_core.state.recorder import Recorder
from nof0_core.version import VERSION


@attrs.frozen(kw_only=True)
class Services:
    """What an engine is put together from: opened, funded, and recorded as begun.

    `driver` owns the time all of it lives in; `providers` are the exchanges that can be used now,
    by section. They close in reverse order when `open_services` is left.
    """

    config: Config
    driver: Driver
    journal: Journal
    recorder: Recorder
    connections: Connections
    providers: Mapping[str, ExchangeProvider]
    budget: ModelBudget
    quarantine: Quarantine
    openings: Openings
    exports: Exports
    checkpoints: Checkpointing
    packing: Packing
    sections: Sections
    alerts: PluginAlerts
    health: HealthWatch
    lease: HeldLease | None = None

    def mandate(self) -> Mandate:
        """Return what every order is asked against."""
        return _mandate(self.config, self.driver, self.lease)


def _mandate(config: Config, driver: Driver, lease: HeldLease | None) -> Mandate:
    if lease is None or not driver.tempo.is_passing:
        return UNBOUNDED
    return lease.mandate(is_wall_time=config.clock.speed is None)


@asynccontextmanager
async def open_services(
    config: Config,
    driver: Callable[[datetime | None], Driver],
    *,
    log: Callable[[str], Logger],
    opener: Opener = as_configured,
    instance: Callable[[], str] = lambda: secrets.token_hex(8),
    is_standby: bool = False,
    lease_times: LeaseTimes = TIMES,
) -> AsyncIterator[Services]:
    """Open everything the configuration names, and close it in reverse order.

    What may not open late opens all or nothing. A section that may, and does not open in a way that
    passes, is tried again for as long as the engine runs.

    Args:
        config: what to run.
        driver: makes who owns the time of the run; given the time of the newest record of earlier
            runs (None: there is none), which no clock may be behind.
        log: makes a logger for a part of the program.
        opener: opens one section; another one gives an engine other markets, exchanges, backends or
            exporters than those the configuration names.
        instance: gives the name this process writes under, 16 hex digits, drawn by chance.
        is_standby: whether to wait for the leases where another engine holds them.
        lease_times: how long leases last.

    Raises:
        EndOfDataError: an earlier run has come to the end of a recorded market.
        UsageError: another engine holds the data directory or a venue account, it cannot be
            written, the clock does not fit the market, an exchange account holds less than its
            traders were promised, or the system allows too few open files.
        Nof0Error: what a provider said when it was opened.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(open_files(len(config.traders), exporters=len(config.exporters)))
        stack.enter_context(locked(config.state_dir))
        stack.enter_context(locked_accounts(identities(config)))
        lease = await stack.enter_async_context(
            leased(config, log("lease"), is_waiting=is_standby, times=lease_times)
        )
        await restore_at_start(config, log("journal"))
        held = lease.token if lease is not None and lease.is_binding else 0
        past = open_past(config, log("journal"), instance=instance(), lease=held)
        stack.enter_context(past.journal)
        # What is recorded below is not what an earlier run has left.
        newest = past.state.newest
        driven = driver(newest)
        kept = _keeping(config, past, driven, log)
        recorder = kept.recorder
        budget = _budget(config, recorder, kept.calls.begin)
        alerts = PluginAlerts(clock=driven.clock, are_events=driven.tempo.is_passing)
        sections, first_calls = await stack.enter_async_context(
            sections_of(
                config,
                driven,
                log,
                budget=budget,
                opener=opener,
                alerts=alerts,
                restored=restored_accounts(config, past.state, past.journal),
                lease=lambda: 0 if lease is None else lease.token,
                lease_until=_mandate(config, driven, lease).until,
            )
        )
        quarantine = _quarantine(config, recorder)
        openings = Openings(recorder=recorder, within=driven.limits.open)
        connections = Connections(
            config=config,
            driver=driven,
            recorder=recorder,
            sections=sections,
            first_calls=first_calls,
            openings=openings,
            is_resumed=newest is not None,
            quarantine=quarantine,
        )
        await connections.open()
        await _let_land(lease, connections, log("lease"))
        _add_outputs(config, kept.exports, sections)
        await stack.enter_async_context(kept.exports.running())
        _record_start(config, driven, recorder)
        await stack.enter_async_context(kept.packing.running())
        record_config(config, recorder)
        if driven.durability is Durability.DISK:
            # A simulation may end, and go on once there is room.
            recorder.keep_room(Reserve(config.state_dir / "reserve"))
        _tell_of_the_future(config, driven, recorder, newest)
        book_lost_calls(kept.calls, recorder)
        budget.take_over(past.state.spending)
        end_interrupted(recorder)
        providers = await connections.fund()
        record_instruments(config, recorder, connections.feeds)
        yield Services(
            config=config,
            driver=driven,
            journal=past.journal,
            recorder=recorder,
            connections=connections,
            providers=providers,
            budget=budget,
            quarantine=quarantine,
            openings=openings,
            exports=kept.exports,
            checkpoints=kept.checkpoints,
            packing=kept.packing,
            sections=sections,
            alerts=alerts,
            health=HealthWatch(
                config=config,
                clock=driven.clock,
                opened=sections.opened,
                late=lambda: openings.late,
                exporters=lambda: kept.exports.states,
            ),
            lease=lease,
        )


async def _let_land(lease: HeldLease | None, connections: Connections, log: Logger) -> None:
    """Wait until what the engine before had on its way to a venue without expiry has landed."""
    if lease is None or not lease.is_binding or not lease.is_taken_over:
        return
    if accounts := connections.without_expiry():
        grace = lease.times.grace
        log.warning("waiting for orders of the engine before", seconds=grace, accounts=accounts)
        await pause(grace)


@attrs.frozen(kw_only=True)
class _Kept:
    """Who writes to the journal, and who listens to what is written."""

    recorder: Recorder
    exports: Exports
    checkpoints: Checkpointing
    packing: Packing
    calls: OpenCalls


def _keeping(config: Config, past: Past, driver: Driver, log: Callable[[str], Logger]) -> _Kept:
    limits, is_beside = driver.limits, driver.tempo.at_once
    recorder = Recorder(
        events=past.journal,
        durability=driver.durability,
        state=past.state,
        clock=driver.clock,
        log=log("engine"),
    )
    exports = Exports(
        journal=past.journal,
        log=log("exports"),
        last_within=limits.export if is_beside else None,
        limits=limits,
        redact=Redactor(config.secrets).text,
        parts=past.parts,
        checkpoints=checkpoints_of(config),
    )
    checkpoints = Checkpointing(
        journal=past.journal,
        recorder=recorder,
        directory=checkpoints_of(config),
        engine=config.name,
        config_digest=config.digest,
        log=log("journal"),
        exports=exports,
    )
    packing = Packing(
        journal=past.journal,
        is_beside=is_beside,
        alert=recorder.alert,
        log=log("journal"),
        within=limits.export,
    )
    calls = OpenCalls(config.state_dir / "open_calls", recorder.assure)
    recorder.listeners.extend((exports.notice, checkpoints.notice))
    recorder.listen(calls.notice, Decided, CycleEnded)
    return _Kept(
        recorder=recorder, exports=exports, checkpoints=checkpoints, packing=packing, calls=calls
    )


def _add_outputs(config: Config, exports: Exports, sections: Sections) -> None:
    for section in config.exporters:
        owner = config.registry.owner("exporter", section.kind.type)
        exports.add(
            Output(
                name=section.name,
                plugin="" if owner.is_builtin else owner.distribution,
                open=partial(sections.open_exporter, section),
            )
        )


def _record_start(config: Config, driver: Driver, recorder: Recorder) -> None:
    recorder.record(
        ENGINE,
        EngineStarted(
            version=VERSION,
            config_digest=config.digest,
            clock=driver.kind,
            seed=config.seed,
            traders=tuple(t.id for t in config.traders),
        ),
    )


def _quarantine(config: Config, recorder: Recorder) -> Quarantine:
    """Make what remembers who is in quarantine, and tells the journal."""

    def origin(family: str, section: str) -> Origin:
        found: Mapping[str, Section] = config.markets if family == "market" else config.exchanges
        return origins.of_section(config, family, found[section])

    return Quarantine(clock=recorder.clock, alarm=recorder.alert, origin=origin)


def _budget(config: Config, recorder: Recorder, keep: CallStore) -> ModelBudget:
    """Make the budgets of a configuration; what was spent today still has to be replayed."""
    return ModelBudget(
        clock=recorder.clock,
        total=config.budget,
        traders={trader.id: trader.budget for trader in config.traders},
        models={name: model.budget for name, model in config.models.items()},
        alert_pct=config.budget_alert_pct,
        alarm=recorder.alert,
        keep=keep,
    )


def _tell_of_the_future(
    config: Config, driver: Driver, recorder: Recorder, last: datetime | None
) -> None:
    """Alert if an earlier run had its clock ahead: what it planned is not waited for."""
    if not driver.tempo.may_be_set:
        return
    now = driver.clock.now()
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
