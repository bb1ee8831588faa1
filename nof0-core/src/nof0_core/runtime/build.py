"""Putting the engine together from opened services. Nothing here waits or opens anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import anyio
import attrs

from nof0_core.border.foreign import Origin
from nof0_core.border.quarantine import Quarantine
from nof0_core.clock import Clock
from nof0_core.config.model import Config, Section, TraderConfig
from nof0_core.decision import DecisionMaker
from nof0_core.domain.model import ModelSpec
from nof0_core.execution.engine import ExecutionEngine
from nof0_core.execution.limits import LIMITS
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.manager.brakes import TraderBrakes
from nof0_core.manager.controls import Controls
from nof0_core.manager.cycle import CycleRunner
from nof0_core.manager.hints import HintStream, once_there
from nof0_core.manager.manager import Manager
from nof0_core.manager.measurements import Measurements
from nof0_core.manager.rebalance import Rebalancer
from nof0_core.manager.requests import HaltSwitch, HaltWatch, Requests
from nof0_core.manager.trader import Trader
from nof0_core.manager.views import ViewBuilder
from nof0_core.market.feed import MarketFeed
from nof0_core.plugins.env import Logger
from nof0_core.portfolio.valuation import Portfolio
from nof0_core.prompts.coins import CoinViews
from nof0_core.protocols import ExchangeProvider, LLMBackend, MarketProvider
from nof0_core.redaction import Redactor
from nof0_core.risk.gate import RiskGate
from nof0_core.runtime import compatibility, origins
from nof0_core.runtime.preview import prompt_book
from nof0_core.runtime.sight import own_lists, sight_of
from nof0_core.spending.budget import CallStore, ModelBudget
from nof0_core.state.recorder import Recorder


def make_quarantine(config: Config, recorder: Recorder) -> Quarantine:
    """Make what remembers who is in quarantine, and tells the journal."""

    def origin(family: str, section: str) -> Origin:
        found: Mapping[str, Section] = config.markets if family == "market" else config.exchanges
        return origins.of_section(config, family, found[section])

    return Quarantine(clock=recorder.clock, alarm=recorder.alert, origin=origin)


def make_feed(
    config: Config,
    clock: Clock,
    section: str,
    provider: MarketProvider,
    quarantine: Quarantine | None = None,
) -> MarketFeed:
    """Make the feed of a market section; it still has to be opened."""
    limits = LIMITS.lowered(config.markets[section].timeout)
    return MarketFeed(
        section=section,
        provider=provider,
        clock=clock,
        intervals=config.intervals,
        indicators=config.indicators,
        series_bars=config.series_bars,
        origin=origins.of_section(config, "market", config.markets[section]),
        quotes_within=limits.quotes,
        candles_within=limits.candles,
        ward=quarantine.ward("market", section) if quarantine is not None else None,
        own=own_lists(config, section),
    )


def make_budget(config: Config, recorder: Recorder, keep: CallStore) -> ModelBudget:
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


@attrs.frozen(kw_only=True)
class Made:
    """What was put together. `enter` adds a venue account that has opened later, with its feed."""

    manager: Manager
    views: ViewBuilder
    enter: Callable[[str, ExchangeProvider], None]


def make_manager(
    *,
    config: Config,
    recorder: Recorder,
    markets: Mapping[str, MarketProvider],
    feeds: Mapping[str, MarketFeed],
    providers: Mapping[str, ExchangeProvider],
    backends: Mapping[str, LLMBackend],
    budget: ModelBudget,
    quarantine: Quarantine,
) -> Made:
    """Make the manager with all its traders and desks, and the views of them.

    `providers` are those that are open, with their markets; to the others `Made.enter` comes later.
    `feeds` may have stand-ins, which are replaced in it.
    """
    clock = recorder.clock
    chains = {
        t.id: [(model, backends[model.backend]) for model in (t.model, *t.fallbacks)]
        for t in config.traders
    }
    pricing = compatibility.pricing(config)
    portfolio = Portfolio(config=config, recorder=recorder, feeds=feeds, pricing=pricing)
    halts = HaltWatch(HaltSwitch(config.state_dir), clock)
    brakes = TraderBrakes(
        recorder=recorder,
        portfolio=portfolio,
        traders={t.id: t for t in config.traders},
        halts=halts,
    )
    executions: dict[str, ExecutionEngine] = {}
    there = {name: anyio.Event() for name in config.exchanges}

    def enter(name: str, provider: ExchangeProvider) -> None:
        executions[name] = ExecutionEngine(
            venue_account=name,
            provider=provider,
            recorder=recorder,
            instruments=feeds[pricing[name]].instruments,
            policies={t.id: _terms(t) for t in config.traders},
            since=recorder.state.inception or clock.now(),
            refusal=brakes.refusal,
            bars=feeds[pricing[name]].closed_bars,
            limits=LIMITS.lowered(config.exchanges[name].timeout),
            ward=quarantine.ward("exchange", name),
            origin=origins.of_section(config, "exchange", config.exchanges[name]),
        )
        there[name].set()

    for name, provider in providers.items():
        enter(name, provider)

    def streams(name: str) -> list[Callable[[], HintStream]]:
        finders = (lambda: executions[name].updates, lambda: feeds[pricing[name]].quote_updates)
        if name in executions:
            return [stream for find in finders if (stream := find()) is not None]
        return [once_there(there[name], find) for find in finders]

    sights = {t.id: sight_of(config, t) for t in config.traders}
    # Who sees the same indicators shares what is written out of them.
    coins = {sights[t.id].indicators: CoinViews.of(config.indicators_of(t)) for t in config.traders}
    traders = {
        t.id: Trader(
            config=t,
            maker=_maker(
                config, t, chains[t.id], clock, coins[sights[t.id].indicators], recorder.log
            ),
            sight=sights[t.id],
            is_paused=brakes.is_paused(t.id),
        )
        for t in config.traders
    }
    measurements = Measurements(markets=feeds, exchanges=executions, quarantine=quarantine)
    views = ViewBuilder(
        config=config,
        recorder=recorder,
        portfolio=portfolio,
        traders=traders,
        brakes=brakes,
        measurements=measurements,
    )
    controls = Controls(
        recorder=recorder,
        brakes=brakes,
        traders=traders,
        venue_accounts=tuple(config.exchanges),
        halts=halts,
        requests=Requests(config.state_dir),
    )
    manager = Manager(
        config=config,
        clock=clock,
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
            budget=budget,
        ),
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
        ends_at=compatibility.end_of(markets),
        sync_step=compatibility.sync_step(config, markets),
        hints={name: streams(name) for name in config.exchanges},
        close_within=LIMITS.close,
    )
    return Made(manager=manager, views=views, enter=enter)


def _terms(trader: TraderConfig) -> OrderPolicy:
    return OrderPolicy(
        style=trader.order_style,
        slippage_bps=trader.slippage_bps,
        limits=trader.limits,
        stop_deadline=trader.stop_deadline,
        quote_deadline=trader.quote_deadline,
        margin_mode=trader.limits.margin_mode,
    )


def _maker(
    config: Config,
    trader: TraderConfig,
    chain: Sequence[tuple[ModelSpec, LLMBackend]],
    clock: Clock,
    coins: CoinViews,
    log: Logger,
) -> DecisionMaker:
    (_, backend), *fallbacks = chain
    return DecisionMaker(
        trader=trader,
        backend=backend,
        gate=RiskGate(trader.risk_checks, origins.of_checks(config, trader)),
        prompts=prompt_book(config, trader, coins=coins),
        clock=clock,
        fallbacks=fallbacks,
        origins=origins.of_backends(config),
        redact=Redactor(config.secrets).text,
        verbose=log if config.logging.verbose_llm else None,
    )
