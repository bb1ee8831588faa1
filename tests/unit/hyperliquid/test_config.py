"""What a section may say, and that the package costs nothing before it is opened."""

from __future__ import annotations

import shutil
import subprocess
import sys
from ast import literal_eval
from datetime import timedelta
from pathlib import Path

import pytest

from nof0_core import config as configuration
from nof0_core.plugins import load_plugins
from nof0_core.plugins.catalog import LoadedPlugin
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import (
    MAINNET,
    TESTNET,
    HyperliquidExchangeConfig,
    HyperliquidMarketConfig,
    exchange_faults,
    faults,
)

ROOT = Path(__file__).parents[3]


def test_the_network_is_the_real_one_unless_told_otherwise():
    assert HyperliquidMarketConfig().address == MAINNET
    assert HyperliquidMarketConfig(testnet=True).address == TESTNET
    other = HyperliquidMarketConfig(testnet=True, base_url="http://127.0.0.1:3001/")
    assert other.address == "http://127.0.0.1:3001"


def test_a_request_takes_no_longer_than_a_call():
    config = HyperliquidMarketConfig(timeout=timedelta(seconds=3))
    assert config.request_within == timedelta(seconds=3)
    assert HyperliquidMarketConfig(http_timeout=timedelta(seconds=2)).request_within == timedelta(
        seconds=2
    )


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"base_url": "api.hyperliquid.xyz"}, "must be a URL"),
        ({"base_url": "ftp://venue"}, "must be a URL"),
        ({"base_url": "https://me:secret@venue"}, "no user name"),
        ({"base_url": "https://venue?x=1"}, "nothing after"),
        ({"dex": "XYZ:"}, "short name of a dex"),
        ({"max_retries": -1}, ">= 0"),
        ({"max_retries": 11}, "<= 10"),
        ({"timeout": timedelta(milliseconds=500)}, ">= 1s"),
        ({"http_timeout": timedelta(0)}, ">= 1s"),
    ],
)
def test_values_that_make_no_sense_are_refused(keys, says):
    with pytest.raises(ValueError, match=says) as told:
        HyperliquidMarketConfig(**keys)
    assert "secret" not in str(told.value)


def test_an_address_of_the_other_network_is_refused():
    assert faults(HyperliquidMarketConfig(base_url=MAINNET)) == []
    assert faults(HyperliquidMarketConfig(base_url="http://127.0.0.1:1", testnet=True)) == []
    [fault] = faults(HyperliquidMarketConfig(base_url=MAINNET + "/", testnet=True))
    assert "set testnet: false" in fault
    [fault] = faults(HyperliquidMarketConfig(base_url=TESTNET))
    assert "set testnet: true" in fault


def test_the_markets_of_the_live_configuration_load_as_they_are(tmp_path):
    registry = load_plugins({"NOF0_PLUGINS": "nof0-provider-sim,nof0-llm"})
    registry.add(
        LoadedPlugin(name="hl", distribution="here", version="1", module=plugin.__name__), plugin
    )
    for top in ("etc", "prompts"):
        shutil.copytree(ROOT / top, tmp_path / top)
    (tmp_path / "etc/live/exchange.yaml").write_text(
        "providers:\n  hyperliquid_testnet: {type: sim}\n"
    )
    config = configuration.load(
        tmp_path / "etc/live.yaml", registry, environ={"ZENMUX_API_KEY": "k" * 20}
    )
    section = config.markets["hyperliquid_testnet"]
    assert section.config == HyperliquidMarketConfig(testnet=True)
    assert section.timeout == timedelta(seconds=8)


def test_importing_the_plugin_brings_no_library_of_the_venue():
    code = (
        "import sys, nof0_provider_hyperliquid.plugin;"
        "print(sorted({'aiohttp', 'requests', 'hyperliquid', 'eth_account', 'msgspec', 'urllib3'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    brought = done.stdout.strip()
    sim = subprocess.run(
        [sys.executable, "-c", code.replace("nof0_provider_hyperliquid", "nof0_provider_sim")],
        capture_output=True,
        text=True,
        check=True,
    )
    # Whatever core itself brings along.
    assert set(literal_eval(brought)) <= set(literal_eval(sim.stdout.strip()))


KEY = "0x" + "11" * 32
MAIN = "0x" + "aB" * 20


def section(**keys):
    return HyperliquidExchangeConfig(**{"private_key": KEY, "main_address": MAIN, **keys})


def test_money_is_real_only_where_two_words_say_so():
    assert section().address == TESTNET
    assert not section().is_mainnet
    assert section(testnet=False).address == MAINNET
    assert section(testnet=False).is_mainnet
    assert section(testnet=False, base_url=MAINNET + "/").is_mainnet
    # What is signed for a venue on this machine is worth nothing at the real one.
    assert not section(testnet=False, base_url="http://127.0.0.1:3001").is_mainnet


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"private_key": ""}, "64 hexadecimal digits"),
        ({"private_key": KEY + "1"}, "64 hexadecimal digits"),
        ({"private_key": "g" * 64}, "64 hexadecimal digits"),
        ({"main_address": "0x12"}, "40 hexadecimal digits"),
        ({"vault_address": KEY}, "may be a private key"),
        ({"dex": "XYZ"}, "short name of a dex"),
        ({"timeout": timedelta(0)}, ">= 1s"),
        ({"max_retries": 11}, "<= 10"),
    ],
)
def test_keys_of_an_account_that_make_no_sense_are_refused(keys, says):
    with pytest.raises(ValueError, match=says) as told:
        section(**keys)
    assert KEY not in str(told.value)


def test_the_private_key_is_in_no_picture_of_the_section():
    assert KEY[2:] not in repr(section())
    assert section(private_key=KEY[2:]).private_key == KEY[2:]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, None),
        ({"vault_address": "0x" + "cd" * 20}, None),
        ({"vault_address": MAIN.lower()}, "vault_address is main_address"),
        ({"main_address": "", "vault_address": MAIN}, "needs main_address"),
        ({"base_url": MAINNET}, "other network"),
        ({"base_url": TESTNET, "testnet": False}, "other network"),
    ],
)
def test_a_section_that_contradicts_itself_is_told(keys, says):
    found = exchange_faults(section(**keys))
    assert len(found) == (says is not None)
    assert says is None or says in found[0]
