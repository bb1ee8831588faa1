"""A journal says what its runs went by: once, and again where something is another."""

from __future__ import annotations

import json

import attrs
import pytest
from staged_engine import Stage

from nof0_core import config as configuration
from nof0_core.clock import SimulatedClock
from nof0_core.config import effective
from nof0_core.domain.limits import RiskLimits
from nof0_core.journal import Journal
from nof0_core.plugins import load_plugins
from nof0_core.prompts.template import read
from nof0_core.testing.environment import START
from nof0_core.testing.market import HandMarket

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


def recorded(stage, *types):
    with Journal.open(stage.root / "data" / "journal") as journal:
        return list(journal.read(types=types or None))


async def start(stage, monkeypatch, clock=None, **options):
    """Open the engine and close it again."""
    async with stage.engine(clock or SimulatedClock(START), **options):
        pass


def loaded(stage):
    return configuration.load(
        stage.root / "etc" / "nof0.yaml", load_plugins(), data_dir=stage.root / "data"
    )


def change(stage, name, old, new):
    file = stage.root / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


async def test_the_configuration_follows_the_start_and_names_its_digest(stage, monkeypatch):
    await start(stage, monkeypatch)
    started, config, *_ = recorded(stage)
    assert (started.body.type, config.body.type) == ("engine_started", "config_loaded")
    assert (started.stream, config.stream) == ("@engine", "@engine")
    assert config.body.digest == started.body.config_digest
    assert config.body.digest == effective.digest_of(config.body.config)


async def test_limits_and_all_else_of_a_trader_are_made_again_from_the_record(stage, monkeypatch):
    await start(stage, monkeypatch)
    [event] = recorded(stage, "config_loaded")
    config, document = loaded(stage), event.body.config
    for trader in config.traders:
        assert effective.limits_of(document, trader.id) == trader.limits != RiskLimits()
        assert effective.symbols_of(document, trader.id) == trader.symbols
        assert effective.indicators_of(document, trader.id) == config.indicators
    assert effective.intervals_of(document) == config.intervals


async def test_parameters_of_models_stand_as_a_file_has_them(stage, monkeypatch):
    before = loaded(stage).models
    await start(stage, monkeypatch)
    [event] = recorded(stage, "config_loaded")
    found = event.body.config["LLM"]["models"]["still"]
    params = found.pop("params")
    assert params["trades_per_day"] == before["still"].params.trades_per_day == 0.001
    whole = {"backend": found["backend"], "model_name": found["model_name"], "params": params}
    stage.write("etc/llm.yaml", json.dumps({"default_model": "still", "models": {"still": whole}}))
    assert loaded(stage).models == before


async def test_templates_are_kept_once_with_name_version_and_text(stage, monkeypatch):
    change(stage, "prompts/user.tmpl", "careful", "bold")
    await start(stage, monkeypatch)
    [event] = recorded(stage, "config_loaded")
    kept = {each.digest: each for each in event.body.templates}
    assert len(kept) == len(event.body.templates) == 2
    for trader in loaded(stage).traders:
        entry = effective.trader_of(event.body.config, trader.id)
        for key in ("system_template", "user_template"):
            source = read(getattr(trader, key))
            found = kept[entry[key]["digest"]]
            assert (found.name, found.version, found.text) == (source.key, "1", source.text)


async def test_a_start_with_the_same_configuration_writes_it_no_second_time(stage, monkeypatch):
    for _ in range(3):
        await start(stage, monkeypatch)
    assert len(recorded(stage, "engine_started")) == 3
    assert len(recorded(stage, "config_loaded", "instruments")) == 2


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("etc/executor.yaml", "max_positions: 3", "max_positions: 2"),
        ("etc/llm.yaml", "0.001", "0.002"),
        ("prompts/system.tmpl", "careful", "bold"),
    ],
)
async def test_another_configuration_is_written_and_so_is_the_old_one_when_it_is_back(
    stage, monkeypatch, name, old, new
):
    await start(stage, monkeypatch)
    change(stage, name, old, new)
    await start(stage, monkeypatch)
    change(stage, name, new, old)
    await start(stage, monkeypatch)
    first, second, third = [e.body.digest for e in recorded(stage, "config_loaded")]
    assert first == third != second
    started = [e.body.config_digest for e in recorded(stage, "engine_started")]
    assert started == [first, second, third]


async def test_instruments_are_those_that_are_used_and_come_back_equal(stage, monkeypatch):
    await start(stage, monkeypatch)
    [event] = recorded(stage, "instruments")
    listed = await HandMarket(SimulatedClock(START)).instruments()
    assert set(listed) > {"BTC", "ETH"}
    assert event.body.section == "staged"
    assert event.body.instruments == {s: listed[s] for s in ("BTC", "ETH")}


async def test_instruments_that_changed_are_written_again(stage, monkeypatch):
    await start(stage, monkeypatch)
    rules = HandMarket.instruments

    async def changed(self):
        found = await rules(self)
        return found | {"ETH": attrs.evolve(found["ETH"], max_leverage=7, tiers=())}

    monkeypatch.setattr(HandMarket, "instruments", changed)
    for _ in range(2):
        await start(stage, monkeypatch)
    first, second = [e.body.instruments["ETH"].max_leverage for e in recorded(stage, "instruments")]
    assert (first != 7, second) == (True, 7)


async def test_a_coin_that_is_held_is_listed_also_when_nobody_trades_it_any_more(
    stage, monkeypatch
):
    clock = SimulatedClock(START)
    async with stage.engine(clock) as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann")
    change(stage, "etc/market.yaml", "symbols: [BTC, ETH]", "symbols: [ETH]")
    await start(stage, monkeypatch, clock)
    assert len(recorded(stage, "config_loaded")) == 2
    assert [set(e.body.instruments) for e in recorded(stage, "instruments")] == [{"BTC", "ETH"}]


def lines(stage):
    files = (stage.root / "data" / "journal").rglob("*.jsonl")
    found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return sorted(found, key=lambda line: line["seq"])


async def test_each_process_has_a_name_that_its_lines_have(stage, monkeypatch):
    await start(stage, monkeypatch, instance=lambda: "0123456789abcdef")
    for _ in range(2):
        await start(stage, monkeypatch)
    names = list(dict.fromkeys(line["wall"]["by"] for line in lines(stage)))
    assert names[0] == "0123456789abcdef"
    assert len(names) == 3
    assert {len(name) for name in names} == {16}


async def test_the_secret_in_a_template_and_in_the_settings_stays_out(stage, monkeypatch):
    canary = "Kx7QhZpW2mLrJd4sN8bYcRf3"
    monkeypatch.setenv("CANARY", canary)
    change(stage, "prompts/system.tmpl", "careful", canary)
    change(
        stage, "etc/staged.py", "class Market:", "class Market:\n    key: str = opt(secret=True)"
    )
    change(stage, "etc/market.yaml", "type: staged", 'type: staged, key: "${CANARY}"')
    await start(stage, monkeypatch)
    [event] = recorded(stage, "config_loaded")
    assert event.body.config["Market"]["providers"]["staged"]["options"]["key"] == "***"
    files = (stage.root / "data").rglob("*")
    assert not [
        f for f in files if f.is_file() and canary in f.read_bytes().decode(errors="ignore")
    ]
