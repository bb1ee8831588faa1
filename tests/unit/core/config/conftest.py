"""A small valid configuration to break, and plugins whose kinds it may use."""

from __future__ import annotations

import types
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core import (
    BackendKind,
    ExchangeKind,
    MarketRef,
    PolicyKind,
    ServiceKind,
    hookimpl,
    opt,
)
from nof0_core import config as configuration
from nof0_core.domain.decision import ALLOW
from nof0_core.errors import ConfigError
from nof0_core.plugins import LoadedPlugin, load_plugins
from nof0_core.testing.project import Project


@attrs.frozen(kw_only=True)
class HyperliquidExchange:
    private_key: str = opt(secret=True)
    main_address: str = opt()
    testnet: bool = opt(default=True)
    timeout: timedelta = opt(default=timedelta(seconds=8), gt=timedelta(0))
    vault_address: str = opt(default="")


@attrs.frozen(kw_only=True)
class HyperliquidMarket:
    testnet: bool = opt(default=True)
    timeout: timedelta = opt(default=timedelta(seconds=8), gt=timedelta(0))
    http_timeout: timedelta = opt(default=timedelta(seconds=10))
    max_retries: int = opt(default=3, ge=0)
    mirror: MarketRef | None = opt(default=None)


@attrs.frozen(kw_only=True)
class OpenAI:
    base_url: str = opt(default="https://api.openai.com/v1")
    api_key: str = opt(secret=True)
    timeout: timedelta = opt(default=timedelta(seconds=60))
    max_retries: int = opt(default=2, ge=0, le=10)
    log_level: str = opt(default="info", one_of=("debug", "info", "warning", "error"))


@attrs.frozen(kw_only=True)
class RulesParams:
    seed: int = opt(default=0, ge=0)


@attrs.frozen(kw_only=True)
class Nothing:
    pass


@attrs.frozen(kw_only=True)
class QuietConfig:
    hours: tuple[int, ...] = opt(default=())
    factor: Decimal = opt(default=Decimal(1), gt=0)


class Quiet:
    def __init__(self, config):
        if any(hour > 23 for hour in config.hours):
            message = "there are 24 hours in a day"
            raise ValueError(message)
        self.config = config

    def check(self, _decision, _context):
        return ALLOW


def service(type_, config, cls=ServiceKind, **more):
    return cls(type=type_, config=config, open=print, summary="", **more)


def plugin_module(**hooks):
    module = types.ModuleType("stand_ins")
    for name, kinds in hooks.items():

        def hook(kinds=tuple(kinds)):
            return kinds

        setattr(module, name, hookimpl(hook))
    return module


def no_good(model):
    return 'no rule "bad"' if model.model_name == "bad" else None


STAND_INS = plugin_module(
    nof0_exchange_providers=[
        service(
            "hyperliquid", HyperliquidExchange, ExchangeKind, timeout=lambda config: config.timeout
        )
    ],
    nof0_market_providers=[
        service("hyperliquid", HyperliquidMarket, timeout=lambda config: config.timeout)
    ],
    nof0_llm_backends=[
        service("openai", OpenAI, BackendKind),
        service(
            "rules",
            Nothing,
            BackendKind,
            params=RulesParams,
            reads_prompt=False,
            check_model=no_good,
        ),
        service("needy", OpenAI, BackendKind),
    ],
    nof0_risk_checks=[PolicyKind(type="quiet", config=QuietConfig, build=Quiet, summary="")],
)


def with_stand_ins(names):
    registry = load_plugins({"NOF0_PLUGINS": names})
    registry.add(
        LoadedPlugin(name="t:t", distribution="stand-ins", version="1", module="t"), STAND_INS
    )
    return registry


@pytest.fixture(scope="session")
def registry():
    """Core, sim, and stand-ins for hyperliquid and openai."""
    return with_stand_ins("nof0-provider-sim")


@pytest.fixture(scope="session")
def plain_registry():
    """Core and sim only."""
    registry = load_plugins({"NOF0_PLUGINS": "nof0-provider-sim"})
    registry.skipped.clear()
    return registry


MAIN = """\
Name: demo
LLM: {File: llm.yaml}
Executor: {File: executor.yaml}
Manager: {File: manager.yaml}
Exchange: {File: exchange.yaml}
Market: {File: market.yaml}
"""
FILES = {
    "etc/nof0.yaml": MAIN,
    "etc/llm.yaml": "models:\n  dummy:\n    backend: rules\n",
    "etc/executor.yaml": "min_confidence: 60\n",
    "etc/exchange.yaml": "providers:\n  paper:\n    type: sim\n",
    "etc/market.yaml": "providers:\n  recorded:\n    type: sim\n",
    "etc/manager.yaml": """\
manager:
  total_equity_usd: 10000
traders:
  - id: one
    model: dummy
    allocation_pct: 50
""",
    "prompts/manager/default.tmpl": "{# Version: 1 #}\n",
    "prompts/executor/default_prompt.tmpl": "{# Version: 1 #}\n",
}


@attrs.frozen(kw_only=True)
class Bench(Project):
    """The files, and shortcuts to load them as `etc/nof0.yaml` from their directory."""

    registry: object

    def load(self, **options):
        options.setdefault("environ", {})
        return configuration.load(
            "etc/nof0.yaml", options.pop("registry", self.registry), **options
        )

    def problems(self, **options):
        """Return the problems as text, with hints on lines of their own."""
        with pytest.raises(ConfigError) as caught:
            self.load(**options)
        return "\n".join(
            "\n".join([str(problem), *(f"  {hint}" for hint in problem.hints)])
            for problem in caught.value.problems
        )


@pytest.fixture
def bench(tmp_path, monkeypatch, registry):
    monkeypatch.chdir(tmp_path)
    bench = Bench(directory=tmp_path, registry=registry)
    for name, text in FILES.items():
        bench.write(name, text)
    return bench
