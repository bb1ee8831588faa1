"""A user's configuration, led to the local venue: nothing of it reaches the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from nof0_core.errors import ConfigError, UsageError
from nof0_core.plugins.kinds import Stake
from nof0_core.project import load_config, run_on_paper
from nof0_core.testing import Project
from nof0_provider_hyperliquid.rehearse import variables
from nof0_provider_hyperliquid.rehearse.local_venue import listing
from nof0_provider_hyperliquid.rehearse.plan import (
    RehearsalPlan,
    as_bytes,
    from_bytes,
    make_account,
)
from nof0_provider_hyperliquid.rehearse.staging import coins_of, rehearsed_sections, staged

LIVE = Path(__file__).parents[4] / "etc" / "live.yaml"
USER_KEY = "0x" + "77" * 32
USER = "0x" + "88" * 20
VAULT = "0x" + "99" * 20
ENVIRON = {
    "HYPERLIQUID_PRIVATE_KEY": USER_KEY,
    "HYPERLIQUID_MAIN_ADDRESS": USER,
    "HYPERLIQUID_VAULT_ADDRESS": VAULT,
    "ZENMUX_API_KEY": "a-key-of-the-user",
}
URL = "http://127.0.0.1:9"


@pytest.fixture
def config(tmp_path):
    return load_config(LIVE, data_dir=tmp_path, environ=ENVIRON)


@pytest.fixture
def plan(tmp_path):
    accounts = {"hyperliquid_testnet": make_account(has_vault=True)}
    return RehearsalPlan(config_file=LIVE, data_dir=tmp_path, base_url=URL, accounts=accounts)


def test_keys_and_addresses_are_thrown_away_and_nothing_else_changes(config, plan):
    found = staged(config, plan)
    [section] = found.exchanges.values()
    account = plan.accounts["hyperliquid_testnet"]
    assert (section.config.private_key, section.config.main_address) == (
        account.agent_key,
        account.main,
    )
    assert section.config.vault_address == account.vault
    assert (section.config.base_url, section.stake) == (URL, Stake.PAPER)
    assert section.config.timeout == config.exchanges["hyperliquid_testnet"].config.timeout
    assert {market.config.base_url for market in found.markets.values()} == {URL}
    for mine in (USER_KEY, USER, VAULT):
        assert mine not in str((found.exchanges, found.markets, found.backends))
    assert found.exporters == ()
    assert {trader.model.backend for trader in found.traders} == {"rehearsal"}
    assert all(trader.auto_start for trader in found.traders)
    assert [t.limits for t in found.traders] == [t.limits for t in config.traders]
    assert found.digest == config.digest


def test_a_plan_reaches_the_engine_whole_and_shows_no_key(plan):
    assert from_bytes(as_bytes(plan)) == plan
    assert plan.accounts["hyperliquid_testnet"].agent_key not in repr(plan)


def test_what_was_not_led_away_is_not_run(config):
    with pytest.raises(UsageError, match="hyperliquid_testnet is no paper account"):
        run_on_paper(config)


def test_keys_that_are_not_set_are_not_needed(tmp_path, monkeypatch):
    for name in ENVIRON:
        monkeypatch.delenv(name, raising=False)
    found, missing = variables.load_without_keys(LIVE, data_dir=tmp_path)
    assert set(missing) == {"HYPERLIQUID_PRIVATE_KEY", "ZENMUX_API_KEY"}
    assert list(rehearsed_sections(found)) == ["hyperliquid_testnet"]


def test_everything_else_that_is_wrong_is_told(tmp_path, monkeypatch):
    project = Project(directory=tmp_path)
    project.write("nof0.yaml", "Name: x\n")
    with pytest.raises(ConfigError):
        variables.load_without_keys(tmp_path / "nof0.yaml")


def test_a_configuration_without_the_venue_is_refused():
    config = load_config(LIVE.with_name("nof0.yaml"))
    with pytest.raises(UsageError, match="no trader uses an exchange section of type hyperliquid"):
        rehearsed_sections(config)


def test_all_coins_are_listed_once_also_those_the_venue_does_not_know(config):
    coins = coins_of(config, rehearsed_sections(config))
    assert coins == [("", coin) for coin in ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")]
    assets = listing([*coins, ("", "HYPE"), ("xyz", "TSLA"), ("flx", "GOLD"), ("flx", "OIL")])
    names = [asset.name for asset in assets]
    assert len(names) == len(set(names))
    assert names[-3:] == ["HYPE", "flx:GOLD", "flx:OIL"]
    for dex in ("", "xyz", "flx"):
        own = [asset.index for asset in assets if asset.dex == dex]
        assert own == list(range(len(own)))
