"""The configuration blocks of the system's first description load unchanged."""

from __future__ import annotations

import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nof0_core import config as configuration
from nof0_core.errors import ConfigError

SEED = Path(__file__).parents[3] / "data" / "seed"
SECRETS = {
    "ZENMUX_API_KEY": "sk-canary-1",
    "HYPERLIQUID_PRIVATE_KEY": "0xcanary2",
    "HYPERLIQUID_MAIN_ADDRESS": "0xabc",
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    shutil.copytree(SEED, tmp_path / "etc")
    for name in ("manager/aggressive_short", "executor/default_prompt"):
        file = tmp_path / "prompts" / f"{name}.tmpl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{# Version: 1 #}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def config(place, registry):
    return configuration.load("etc/nof0.yaml", registry, environ=SECRETS)


def test_main_file(config, place):
    assert (config.name, config.host, config.port) == ("nof0", "0.0.0.0", 8888)  # noqa: S104
    assert config.data_path == place.parent / place.name / "mcp" / "data"
    assert config.ttl.long == timedelta(seconds=300)
    assert config.logging.slow_sql == timedelta(seconds=10)


def test_the_notation_for_one_of_three_words_means_not_chosen(config):
    assert config.env == "dev"


def test_models_and_the_implied_backend(config):
    assert list(config.models) == ["gpt-5", "claude-sonnet-4.5", "deepseek-chat"]
    model = config.models["deepseek-chat"]
    assert (model.backend, model.provider) == ("openai", "deepseek")
    assert (model.temperature, model.max_completion_tokens) == (0.6, 4096)
    backend = config.backends["openai"].config
    assert (backend.base_url, backend.api_key) == ("https://zenmux.ai/api/v1", "sk-canary-1")
    assert (backend.timeout, backend.max_retries) == (timedelta(seconds=60), 3)


def test_providers(config):
    exchange = config.exchanges["hyperliquid_testnet"].config
    assert (exchange.private_key, exchange.main_address) == ("0xcanary2", "0xabc")
    assert (exchange.vault_address, exchange.timeout) == ("", timedelta(seconds=30))
    assert config.markets["hyperliquid_testnet"].config.http_timeout == timedelta(seconds=10)


def test_the_timeouts_of_providers_limit_their_calls(config):
    assert config.exchanges["hyperliquid_testnet"].timeout == timedelta(seconds=30)
    assert config.markets["hyperliquid_testnet"].timeout == timedelta(seconds=8)


def test_only_what_the_trader_uses_is_opened(config):
    assert list(config.exchanges) == ["hyperliquid_testnet"]
    assert list(config.markets) == ["hyperliquid_testnet"]


def test_trader(config, place):
    [trader] = config.traders
    assert (trader.id, trader.name) == ("trader_aggressive_short", "Aggressive Short")
    assert trader.system_template == place / "prompts/manager/aggressive_short.tmpl"
    assert trader.model.name == "deepseek-chat"
    assert (trader.decision_interval, trader.decision_timeout) == (
        timedelta(minutes=3),
        timedelta(seconds=60),
    )
    assert (trader.slippage_bps, trader.allocation_pct) == (Decimal(75), Decimal(40))
    limits = trader.limits
    assert (limits.max_positions, limits.max_position_size_usd) == (3, Decimal(500))
    assert (limits.max_margin_usage_pct, limits.min_risk_reward) == (Decimal(60), Decimal("3.0"))
    assert (limits.stop_loss_enabled, limits.slippage_bps) == (True, Decimal(75))


def test_manager_and_monitoring(config, place):
    assert (config.total_equity_usd, config.reserve_pct) == (Decimal(10000), Decimal(10))
    assert config.allocation_strategy == "performance_based"
    assert config.state_file == place / "data" / "manager_state.json"
    assert config.update_interval == timedelta(seconds=15)
    assert [section.name for section in config.exporters] == ["json", "prometheus"]


def test_no_key_is_without_effect(config):
    assert config.warnings == ()


def test_secrets_are_in_no_repr(config):
    assert "canary" not in repr(config)


def test_without_keys_each_missing_variable_is_named_with_its_place(place, registry):
    with pytest.raises(ConfigError) as caught:
        configuration.load("etc/nof0.yaml", registry, environ={})
    assert [str(p) for p in caught.value.problems] == [
        "etc/llm.yaml:2: api_key: environment variable ZENMUX_API_KEY is not set",
        (
            "etc/exchange.yaml:6: providers.hyperliquid_testnet.private_key: "
            "environment variable HYPERLIQUID_PRIVATE_KEY is not set"
        ),
        (
            "etc/exchange.yaml:7: providers.hyperliquid_testnet.main_address: "
            "environment variable HYPERLIQUID_MAIN_ADDRESS is not set"
        ),
    ]


def test_without_the_plugins_it_says_what_to_install(place, plain_registry):
    with pytest.raises(ConfigError) as caught:
        configuration.load("etc/nof0.yaml", plain_registry, environ=SECRETS)
    assert [(str(p), *p.hints) for p in caught.value.problems] == [
        (
            'etc/llm.yaml:19: models.deepseek-chat: LLM backend "openai" is not installed',
            "it is part of this project: pip install nof0-llm",
        ),
        (
            (
                "etc/exchange.yaml:5: providers.hyperliquid_testnet.type: "
                'exchange provider "hyperliquid" is not installed'
            ),
            "it is part of this project: pip install nof0-provider-hyperliquid",
        ),
        (
            (
                "etc/market.yaml:12: providers.hyperliquid_testnet.type: "
                'market provider "hyperliquid" is not installed'
            ),
            "it is part of this project: pip install nof0-provider-hyperliquid",
        ),
    ]


def test_database_and_cache_make_exporters(place, registry):
    environ = {
        **SECRETS,
        "Postgres__DataSource": "postgres://u:canary@h/db",
        "Cache__0__Host": "h:6379",
        "Cache__0__Pass": "canary",
        "Cache__0__Tls": "true",
    }
    config = configuration.load("etc/nof0.yaml", registry, environ=environ)
    made = {section.name: section.config for section in config.exporters}
    assert list(made) == ["json", "prometheus", "sql", "redis"]
    assert (made["redis"].host, made["redis"].tls) == ("h:6379", True)
    assert (made["redis"].short, made["redis"].medium, made["redis"].long) == (10, 60, 300)
    assert "canary" not in repr(config)
