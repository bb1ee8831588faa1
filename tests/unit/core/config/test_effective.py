"""The configuration as the journal has it: complete, without secrets, the same on every machine."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import timedelta
from decimal import Decimal

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.config import effective
from nof0_core.config.duration import parse_duration
from nof0_core.config.effective import Writer, digest_of, text_digest
from nof0_core.config.model import TraderConfig
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.position import MarginMode

CANARY = "Kx7QhZpW2mLrJd4sN8bYcRf3"
FULL = """\
manager:
  total_equity_usd: 10000
  reserve_equity_pct: 10
traders:
  - id: one
    model: dummy
    allocation_pct: 40
    symbols: [ETH, BTC]
    decision_interval: 5m
    margin_mode: isolated
    market_ioc_slippage_bps: 12.5
    daily_loss_limit_pct: 5
    max_drawdown_pct: 20
    risk_params: {max_positions: 2, max_position_size_usd: 500.5, major_coins: [ETH, SOL],
      min_risk_reward_ratio: 1.25, min_confidence: 61.5, take_profit_enabled: false}
    exec_guards: {max_new_positions_per_cycle: 1, price_band_pct: 1.5, max_data_age: 90s,
      liquidity_threshold_usd: 1000, min_position_equity_multiple: 0.1,
      max_position_equity_multiple: 2, max_entries_per_day: 7, cooldown_after_close: 1500ms,
      sharpe_pause_threshold: -0.5, sharpe_pause_duration: 36h}
    risk_checks: [{type: quiet, hours: [1, 2], factor: 1.10}]
  - id: two
    model: dummy
    symbols: [SOL]
    allocation_pct: 40
"""


def parts(document):
    """Yield all keys and values of a document."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from parts(value)
    elif isinstance(document, list):
        for item in document:
            yield from parts(item)
    else:
        yield document


@pytest.fixture
def full(bench):
    bench.write("etc/manager.yaml", FULL)
    bench.write(
        "etc/market.yaml",
        "providers: {recorded: {type: sim}}\nintervals: [5m, 1h]\nseries_bars: 12\n"
        "indicators: [ema20, {name: bands, function: BBANDS, timeperiod: 21, nbdevup: 2.5}]\n",
    )
    return bench


def as_read(config):
    """The document after it was in a journal."""
    return msgspec.json.decode(msgspec.json.encode(config.document))


def test_what_was_configured_is_made_again_from_the_document(full):
    config = full.load()
    document = as_read(config)
    assert document == config.document
    for trader in config.traders:
        assert effective.limits_of(document, trader.id) == trader.limits
        assert effective.symbols_of(document, trader.id) == trader.symbols
    one = effective.limits_of(document, "one")
    assert one.cooldown_after_close == timedelta(seconds=1.5)
    assert one.majors == {"ETH", "SOL"}
    assert one.max_position_size_usd == Decimal("500.5")
    assert effective.intervals_of(document) == config.intervals == ("5m", "1h")
    assert effective.indicators_of(document, "one") == config.indicators
    assert "indicators" not in document["Manager"]["traders"][0]


def test_indicators_of_a_traders_own_are_in_document_and_digest(full):
    before = full.load()
    own = "    symbols: [SOL]\n    indicators: [rsi9, {function: ema}]\n"
    full.replace("etc/manager.yaml", "    symbols: [SOL]\n", own)
    config = full.load()
    document = as_read(config)
    [one, two] = config.traders
    assert one.indicators is None
    assert [i.name for i in two.indicators] == ["rsi9", "ema"]
    assert effective.indicators_of(document, "one") == config.indicators == before.indicators
    assert effective.indicators_of(document, "two") == two.indicators
    assert config.indicators_of(two) == two.indicators
    assert config.digest != before.digest


def test_every_limit_there_can_be_is_made_again():
    seen = {field.name for field in attrs.fields(RiskLimits)}
    full = RiskLimits(
        max_position_size_usd=Decimal("1.50"), margin_mode=MarginMode.ISOLATED,
        max_new_positions_per_cycle=1, max_data_age=timedelta(microseconds=1_000_001),
        liquidity_threshold_usd=Decimal("1E+3"), min_position_equity_multiple=Decimal("0.1"),
        max_position_equity_multiple=Decimal(2), max_entries_per_day=3,
        cooldown_after_close=timedelta(hours=1), daily_loss_limit_pct=Decimal("0.00001"),
        max_drawdown_pct=Decimal(20), sharpe_pause_threshold=-0.1,
        sharpe_pause_duration=timedelta(days=2),
    )  # fmt: skip
    assert not [name for name in seen if getattr(full, name) is None]
    written = {"id": "x", "limits": Writer(directory=".", secrets=()).names(full)}
    document = msgspec.json.decode(msgspec.json.encode({"Manager": {"traders": [written]}}))
    assert effective.limits_of(document, "x") == full
    with pytest.raises(KeyError, match="nobody"):
        effective.limits_of(document, "nobody")


@given(st.timedeltas(timedelta(days=-9999), timedelta(days=9999)))
def test_a_duration_is_written_as_in_a_file_and_exactly(duration):
    text = Writer(directory=".", secrets=()).options(duration)
    assert parse_duration(text) == duration


def test_models_sections_and_policies_have_all_their_settings(full):
    document = full.load().document
    assert document["LLM"]["models"]["dummy"]["params"] == {"seed": 0}
    assert document["LLM"]["backends"] == {"rules": {"type": "rules", "options": {}}}
    paper = document["Exchange"]["providers"]["paper"]
    assert paper["type"] == "sim"
    assert "slippage_bps" in paper["options"]
    assert document["Market"]["providers"]["recorded"]["type"] == "sim"
    assert document["Market"]["series_bars"] == 12
    assert document["Manager"]["manager"]["allocation_strategy"]["type"] == "fixed"
    one, two = document["Manager"]["traders"]
    assert one["risk_checks"] == [{"type": "quiet", "options": {"hours": [1, 2], "factor": "1.10"}}]
    assert two["risk_checks"] == []
    assert (one["model"], one["exchange"], one["market"]) == ("dummy", "paper", "recorded")
    left_out = {"journal_dir", "check_places", "is_baseline", "indicators"}
    assert set(one) == {field.name for field in attrs.fields(TraderConfig)} - left_out


def test_the_digest_is_that_of_the_document(full):
    config = full.load()
    canonical = json.dumps(as_read(config), sort_keys=True, separators=(",", ":"))
    assert config.digest == hashlib.sha256(canonical.encode()).hexdigest()
    assert config.digest == digest_of(as_read(config))


def test_templates_are_named_by_their_text_and_change_the_digest(full):
    before = full.load()
    [one, _] = before.document["Manager"]["traders"]
    text = "{# Version: 1 #}\n"
    assert one["system_template"] == {
        "file": "../prompts/manager/default.tmpl",
        "digest": text_digest(text),
    }
    assert set(before.templates.values()) == {text}
    full.write("prompts/manager/default.tmpl", "{# Version: 1 #}\nBe bold.\n")
    after = full.load()
    assert after.digest != before.digest
    assert set(after.templates.values()) == {text, "{# Version: 1 #}\nBe bold.\n"}


def test_no_path_of_a_machine_is_in_it(full, tmp_path, monkeypatch):
    full.write("data/BTC_3m.parquet", "")
    full.replace("etc/market.yaml", "{type: sim}", f"{{type: sim, data: {tmp_path}/data/candles}}")
    here = full.load()
    assert str(tmp_path) not in json.dumps(here.document)
    assert "../data/candles" in set(parts(here.document))
    elsewhere = tmp_path / "far" / "away"
    shutil.copytree(tmp_path / "etc", elsewhere / "etc")
    shutil.copytree(tmp_path / "prompts", elsewhere / "prompts")
    there = elsewhere / "etc" / "market.yaml"
    there.write_text(there.read_text().replace(f"{tmp_path}/data", f"{elsewhere}/data"))
    monkeypatch.chdir(elsewhere)
    assert full.load().document == here.document


def leaked(bench, canary=CANARY):
    """Load a configuration with a secret in places that are for one, and in places that are not."""
    bench.write(
        "etc/llm.yaml",
        f"""\
        models:
          dummy: {{backend: endpoint, provider: "${{CANARY}}"}}
        backends:
          endpoint: {{type: openai, api_key: "${{CANARY}}", base_url: "https://a:{canary}@host/v1"}}
        """,
    )
    bench.write(
        "etc/exchange.yaml",
        f"""\
        providers:
          x:
            type: hyperliquid
            private_key: ${{CANARY}}
            main_address: "0x{canary}"
            vault_address: "password=hunter2hunter2"
        """,
    )
    return bench.load(environ={"CANARY": canary}).document


def test_no_secret_is_in_it_wherever_it_was_written(bench):
    document = leaked(bench)
    text = json.dumps(document)
    assert CANARY[4:12] not in text
    assert "hunter2" not in text
    assert document["LLM"]["models"]["dummy"]["provider"] == "***"
    endpoint = document["LLM"]["backends"]["endpoint"]["options"]
    assert endpoint["api_key"] == "***"
    assert endpoint["base_url"] == "https://***@host/v1"
    assert document["Exchange"]["providers"]["x"]["options"]["private_key"] == "***"
    assert document["Exchange"]["providers"]["x"]["options"]["main_address"] == "0x***"


def test_another_secret_makes_no_other_document(bench):
    assert leaked(bench) == leaked(bench, CANARY[::-1])


def test_without_the_redaction_the_canary_is_seen(bench, monkeypatch):
    monkeypatch.setattr(Writer, "_text", lambda _, text, is_free: text)
    assert CANARY in json.dumps(leaked(bench))


def test_a_short_key_does_not_take_names_away(bench):
    bench.write(
        "etc/llm.yaml",
        """\
        models:
          dummy: {backend: local, model_name: local/small}
        backends:
          local: {type: openai, api_key: local, base_url: "http://local/v1"}
        """,
    )
    models = bench.load().document["LLM"]["models"]
    assert (models["dummy"]["backend"], models["dummy"]["model_name"]) == ("local", "local/small")


class Odd:
    def __str__(self):
        return "odd"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (2**70, str(2**70)),
        (True, True),
        (7, 7),
        (0.5, 0.5),
        ("\ud800", "?"),
        (Odd(), "odd"),
        ({1: {2}}, {"1": [2]}),
        ({"api_key": "abc", "of": {"secret": "def"}}, {"api_key": "***", "of": {"secret": "***"}}),
    ],
)
def test_whatever_a_plugin_keeps_in_its_settings_can_be_written(value, written):
    found = Writer(directory=".", secrets=()).options(value)
    assert found == written
    assert msgspec.json.decode(msgspec.json.encode(found)) == found
