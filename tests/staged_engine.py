"""A whole engine in this process, with a market and a venue a test can break.

`Stage` writes a configuration whose plugin finds the stage of its directory in `STAGES`, and opens
the engine of it. Two traders, ann and bob, trade BTC and ETH on a paper exchange.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import anyio
from attrs import evolve

from nof0_core import config as configuration
from nof0_core.domain.decision import Signal
from nof0_core.errors import TransientError
from nof0_core.execution.limits import LIMITS
from nof0_core.ids import cycle_id
from nof0_core.plugins import load_plugins
from nof0_core.project.configuration import load_again
from nof0_core.protocols import ExchangeWrapper
from nof0_core.risk.gate import RiskGate
from nof0_core.runtime import clocks
from nof0_core.runtime.assemble import assemble
from nof0_core.runtime.services import open_services
from nof0_core.testing import samples
from nof0_core.testing.environment import Lines
from nof0_core.testing.market import HandMarket

STAGES: dict[str, Stage] = {}
PLUGIN = """
from contextlib import asynccontextmanager
from datetime import timedelta
import attrs
from nof0_core import ExchangeKind, ServiceKind, hookimpl, opt
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.plugin import open_exchange
from staged_engine import STAGES, StagedMarket, StagedVenue

KEY = {key!r}

@attrs.frozen(kw_only=True)
class Market:
    timeout: timedelta | None = opt(default=None)

@attrs.frozen(kw_only=True)
class Venue(SimExchangeConfig):
    timeout: timedelta | None = opt(default=None)

@asynccontextmanager
async def open_market(config, env):
    stage = STAGES[KEY]
    await stage.meet("market")
    stage.market = StagedMarket(stage, env.clock)
    stage.on_market(stage.market)
    yield stage.market
    await stage.meet("market closes")

@asynccontextmanager
async def open_venue(config, env):
    stage = STAGES[KEY]
    await stage.meet("exchange")
    async with open_exchange(config, env) as exchange:
        stage.venue = StagedVenue(exchange)
        stage.venue.stage = stage
        yield stage.venue
        await stage.meet("exchange closes")

@hookimpl
def nof0_market_providers():
    return [
        ServiceKind(
            type="staged",
            config=Market,
            open=open_market,
            summary="staged",
            timeout=lambda config: config.timeout,
        )
    ]

@hookimpl
def nof0_exchange_providers():
    return [
        ExchangeKind(
            type="venue",
            config=Venue,
            open=open_venue,
            summary="staged",
            timeout=lambda config: config.timeout,
        )
    ]
"""
FILES = {
    "nof0.yaml": """
Name: staged
Env: test
Host: 127.0.0.1
Port: 8888
DataPath: ../data/api
Plugins: [./staged.py]
LLM: {File: llm.yaml}
Executor: {File: executor.yaml}
Manager: {File: manager.yaml}
Exchange: {File: exchange.yaml}
Market: {File: market.yaml}
""",
    "llm.yaml": """
default_model: still
models:
  still: {backend: baseline, model_name: random, params: {trades_per_day: 0.001, hold: 87600h}}
""",
    "executor.yaml": """
major_coin_leverage: 5
altcoin_leverage: 5
min_confidence: 0
min_risk_reward: 0
max_positions: 3
decision_interval: 1m
decision_timeout: 30s
max_concurrent_decisions: 2
""",
    "exchange.yaml": """
default: paper
providers:
  paper: {type: venue, market: staged}
""",
    "market.yaml": """
default: staged
providers:
  staged: {type: staged}
symbols: [BTC, ETH]
intervals: [1m]
""",
    "manager.yaml": """
manager:
  total_equity_usd: 10000
  reserve_equity_pct: 20
  allocation_strategy: fixed
  rebalance_interval: 1h
  state_storage_backend: file
  state_storage_path: ../data/manager_state.json
traders:
  - &ann
    id: ann
    name: Ann
    exchange_provider: paper
    market_provider: staged
    prompt_template: prompts/system.tmpl
    executor_prompt_template: prompts/user.tmpl
    model: still
    allocation_pct: 40
    auto_start: true
    risk_params: {min_risk_reward_ratio: 0, min_confidence: 0}
  - {<<: *ann, id: bob, name: Bob}
monitoring:
  update_interval: 1m
""",
}


class StagedMarket(HandMarket):
    """Prices by hand; raises what the stage says, hangs where it says so."""

    def __init__(self, stage, clock):
        super().__init__(clock)
        self.stage = stage

    async def instruments(self):
        await self.stage.meet("instruments")
        listed = await super().instruments()
        return {s: i for s, i in listed.items() if s not in self.stage.delisted}

    async def quotes(self, symbols):
        await self.stage.meet("quotes")
        shown = [s for s in symbols if s not in self.stage.without_price]
        return await super().quotes([s for s in shown if s not in self.stage.delisted])

    async def candles(self, symbol, interval, end, limit):
        await self.stage.meet("candles")
        return await super().candles(symbol, interval, end, limit)


class StagedVenue(ExchangeWrapper):
    """The paper exchange behind the stage."""

    stage: Stage

    @property
    def capabilities(self):
        return super().capabilities - self.stage.lacking

    async def report(self):
        await self.stage.meet("report")
        return self.stage.retell(await super().report())


class Stage:
    """What is broken: `faults` has, by verb, what is raised; `hanging` verbs never answer.

    Opening a section is `market` or `exchange` among the verbs, and closing it `market closes` or
    `exchange closes`. `failures` counts down how often one still fails.
    `on_market` is given the market once it is there.
    `retell` makes of a report what the engine is told; `lacking` are words the exchange has not.
    """

    def __init__(self, root):
        self.root, self.key = root, str(root)
        self.log = Lines()
        self.faults, self.hanging, self.failures = {}, set(), {}
        self.without_price, self.delisted = set(), set()
        self.market = self.venue = None
        self.retell = lambda report: report
        self.on_market = lambda market: None
        self.calls, self.lacking = [], frozenset()
        STAGES[self.key] = self
        for name, text in FILES.items():
            self.write(f"etc/{name}", text)
        self.write("etc/staged.py", PLUGIN.format(key=self.key))
        for name in ("system", "user"):
            self.write(f"prompts/{name}.tmpl", "{# Version: 1 #}\nbe careful\n")

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def attempt(self, what):
        """Fail as often as `failures` still says."""
        self.calls.append(what)
        if self.failures.get(what, 0) > 0:
            self.failures[what] -= 1
            message = f"{what} is away"
            raise TransientError(message)

    async def meet(self, verb):
        self.attempt(verb)
        if verb in self.hanging:
            await anyio.sleep_forever()
        if verb in self.faults:
            raise self.faults[verb]

    @asynccontextmanager
    async def engine(self, clock, *, limits=LIMITS, **options):
        """Open the engine on a clock; `options` are those of `open_services`."""
        config = configuration.load(
            self.root / "etc" / "nof0.yaml", load_plugins(), data_dir=self.root / "data"
        )
        driver = clocks.driver_on(clock, limits=limits)
        async with open_services(
            config, lambda _: driver, log=lambda _: self.log, **options
        ) as services:
            load = partial(
                load_again, config, self.root / "etc" / "nof0.yaml", data_dir=self.root / "data"
            )
            self.opened = assemble(services, driver, load=load)
            yield self.opened

    async def enter(self, engine, trader, signal=Signal.BUY_TO_ENTER):
        """Let a trader enter 1,000 USD of BTC with a stop 1 % and a target 4 % away."""
        portfolio = engine.views._portfolio
        quotes = await portfolio.refresh("paper")
        snapshots = {s: samples.snapshot(s, str(q.mark)) for s, q in quotes.items()}
        context = evolve(
            samples.context(snapshots=snapshots),
            trader=trader,
            cycle=cycle_id(trader, engine.clock.now() + timedelta(microseconds=7)),
            account=portfolio.account(trader),
        )
        judged, approved = RiskGate().judge([samples.decision(signal)], context)
        assert approved, judged
        report = await engine.manager._executions["paper"].submit(approved, quotes)
        assert report.fills, report

    def alerts(self, engine):
        engine.journal.flush()
        return [e.body for e in engine.journal.read(types=["alert"])]

    def codes(self, engine):
        return [alert.code for alert in self.alerts(engine)]


def stop_after(engine, moments):
    """Stop a lockstep engine after so many moments."""
    left = [moments]

    def after(_):
        left[0] -= 1
        if not left[0]:
            engine.manager.stop("enough")

    return after
