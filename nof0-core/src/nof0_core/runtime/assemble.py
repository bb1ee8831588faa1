"""Putting an engine together from opened services. Nothing here waits or opens anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import anyio

from nof0_core.domain.measured import LoopBlocks
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.ids import TraderId
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.controls import Controls
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.drivers import Driver
from nof0_core.manager.held import HeldCycles
from nof0_core.manager.hints import HintStream, once_there
from nof0_core.manager.manager import Manager
from nof0_core.manager.measurements import Measurements
from nof0_core.manager.rebalance import Rebalancer
from nof0_core.manager.reload_asks import ReloadAsks
from nof0_core.manager.requests import Answers, HaltSwitch, HaltWatch, Requests
from nof0_core.manager.trader import Trader
from nof0_core.manager.views import ViewBuilder
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.protocols import ExchangeProvider
from nof0_core.runtime import compatibility, origins
from nof0_core.runtime.engine import Engine
from nof0_core.runtime.engine_status import StatusWatch
from nof0_core.runtime.preview import caveats
from nof0_core.runtime.putting_in_force import InForce
from nof0_core.runtime.reloading import Load, Reloading
from nof0_core.runtime.services import Services
from nof0_core.runtime.state_file import StateFile
from nof0_core.runtime.trader_parts import TraderParts, make_parts


def assemble(
    services: Services,
    driver: Driver,
    *,
    loop_blocks: Callable[[], LoopBlocks] = LoopBlocks,
    load: Load | None = None,
) -> Engine:
    """Put an engine together: its traders, what decides, what orders, and what is shown of it.

    Sections that are not open yet join it when they are. One set of services is for one engine.

    Args:
        services: everything opened, see `open_services`.
        driver: owns the time of the run; its clock is the one the services live by.
        loop_blocks: tells how often the event loop has stood still, for exporters.
        load: reads the configuration anew where somebody asks for that; None: nobody can.

    Raises:
        ValueError: the driver has another clock.
    """
    if driver.clock is not services.driver.clock:
        message = "the services were opened on another clock than the driver has"
        raise ValueError(message)
    config, recorder = services.config, services.recorder
    feeds, executions = services.connections.feeds, dict[str, ExecutionEngine]()
    pricing = compatibility.pricing(config)
    portfolio = Portfolio(config=config, recorder=recorder, feeds=feeds, pricing=pricing)
    halts = HaltWatch(
        HaltSwitch(config.state_dir), driver.clock, shares_answers=driver.tempo.shares_answers
    )
    held = HeldCycles(recorder)
    brakes = TraderBrakes(
        recorder=recorder,
        portfolio=portfolio,
        traders={t.id: t for t in config.traders},
        halts=halts,
        held=held,
    )
    parts = make_parts(config, services.connections.backends, driver, recorder.log)
    terms = {name: part.terms for name, part in parts.items()}
    there = {name: anyio.Event() for name in config.exchanges}
    mandate = services.mandate()
    if services.lease is not None and driver.tempo.is_passing:
        services.lease.alert = recorder.alert

    def enter(name: str, provider: ExchangeProvider) -> None:
        feed = feeds[pricing[name]]
        executions[name] = ExecutionEngine(
            venue_account=name,
            provider=provider,
            recorder=recorder,
            instruments=feed.instruments,
            policies=terms,
            since=recorder.state.inception or driver.clock.now(),
            tempo=driver.tempo,
            refusal=lambda trader: mandate.entries() or brakes.refusal(trader),
            mandate=mandate,
            bars=feed.closed_bars,
            limits=driver.limits.lowered(config.exchanges[name].timeout),
            ward=services.quarantine.ward("exchange", name),
            origin=origins.of_section(config, "exchange", config.exchanges[name]),
        )
        there[name].set()

    for name, provider in services.providers.items():
        enter(name, provider)

    def streams(name: str) -> list[Callable[[], HintStream]]:
        finders = (lambda: executions[name].updates, lambda: feeds[pricing[name]].quote_updates)
        if name in executions:
            return [stream for find in finders if (stream := find()) is not None]
        return [once_there(there[name], find) for find in finders]

    traders = _traders(parts, brakes)
    measurements = Measurements(markets=feeds, exchanges=executions, quarantine=services.quarantine)
    views = ViewBuilder(
        config=config,
        recorder=recorder,
        portfolio=portfolio,
        traders=traders,
        brakes=brakes,
        measurements=measurements,
    )
    asks = ReloadAsks()
    controls = Controls(
        recorder=recorder,
        brakes=brakes,
        traders=traders,
        venue_accounts=tuple(config.exchanges),
        halts=halts,
        requests=Requests(config.state_dir),
        reloads=asks,
    )
    manager = Manager(
        config=config,
        driver=driver,
        recorder=recorder,
        traders=traders,
        executions=executions,
        feeds=feeds,
        runner=CycleRunner(
            recorder=recorder,
            feeds=feeds,
            executions=executions,
            portfolio=portfolio,
            brakes=brakes,
            budget=services.budget,
            held=held,
            stages=measurements.stages,
        ),
        held=held,
        rebalancer=Rebalancer(
            config=config,
            recorder=recorder,
            portfolio=portfolio,
            origin=origins.of_allocator(config),
        ),
        portfolio=portfolio,
        views=views,
        brakes=brakes,
        controls=controls,
        troubles=measurements.duties,
        ends_at=compatibility.end_of(services.connections.markets),
        sync_step=compatibility.sync_step(config, services.connections.markets),
        hints={name: streams(name) for name in config.exchanges},
    )
    services.connections.use(manager, enter)
    in_force = InForce(
        services=services,
        manager=manager,
        traders=traders,
        terms=terms,
        brakes=brakes,
        views=views,
    )
    return Engine(
        config=config,
        journal=services.journal,
        recorder=recorder,
        manager=manager,
        views=views,
        exports=services.exports,
        openings=services.openings,
        checkpoints=services.checkpoints,
        packing=services.packing,
        sections=services.sections,
        alerts=services.alerts,
        health=services.health,
        state_file=StateFile(config.state_file),
        reloading=Reloading(
            config=config,
            load=load,
            prepare=in_force.prepare,
            stopped=lambda: bool(manager.stop_reason),
            asks=asks,
            gate=manager.gate,
            controls=controls,
            recorder=recorder,
            answers=Answers(config.state_dir),
        ),
        status=StatusWatch(
            driver=driver,
            config=config.clock,
            halts=halts,
            stop_reason=lambda: manager.stop_reason,
            notes=caveats(config),
        ),
        loop_blocks=loop_blocks,
        lease=services.lease,
    )


def _traders(parts: Mapping[TraderId, TraderParts], brakes: TraderBrakes) -> dict[TraderId, Trader]:
    return {
        name: Trader(
            config=part.config,
            maker=part.maker,
            sight=part.sight,
            is_paused=brakes.is_paused(name),
        )
        for name, part in parts.items()
    }
