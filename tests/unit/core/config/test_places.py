"""Where files are is known without plugins, and whatever is wrong with the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from nof0_core.cli.leaderboard import data_path
from nof0_core.config.places import read_places
from nof0_core.errors import ConfigError

MANAGER = """\
manager:
  total_equity_usd: 10000
  state_storage_path: ../elsewhere/state.json
traders:
  - {id: one, name: First, model: dummy, allocation_pct: 50, symbols: [ETH]}
  - {id: two, model: dummy, allocation_pct: 50, journal_dir: ../two}
"""


def append(bench, text):
    file = bench.directory / "etc" / "nof0.yaml"
    bench.write("etc/nof0.yaml", file.read_text() + text)


def same(bench, **options):
    config = bench.load(**options)
    places = read_places("etc/nof0.yaml", environ={}, **options)
    assert (places.state_dir, places.state_file) == (config.state_dir, config.state_file)
    assert places.api_dir == data_path(config)
    assert {
        trader: (one.model, one.exchange, one.symbols, one.journal_dir)
        for trader, one in places.traders.items()
    } == {t.id: (t.model.name, t.exchange, t.symbols, t.journal_dir) for t in config.traders}
    return places


@pytest.mark.parametrize("data_path_", ["", "DataPath: ../shown\n"])
@pytest.mark.parametrize("exporter", ["", "Exporters: [{type: json, path: ../json}]\n"])
@pytest.mark.parametrize("manager", ["", MANAGER])
def test_places_are_those_of_the_whole_configuration(bench, data_path_, exporter, manager):
    append(bench, data_path_ + exporter)
    bench.write("etc/market.yaml", "symbols: [BTC, ETH]\nproviders:\n  recorded:\n    type: sim\n")
    if manager:
        bench.write("etc/manager.yaml", manager)
    same(bench)
    same(bench, data_dir=Path("other"))


def test_nothing_that_is_wrong_elsewhere_hides_them(bench):
    right = read_places("etc/nof0.yaml", environ={})
    for file in ("llm", "executor", "exchange", "market"):
        bench.write(f"etc/{file}.yaml", "][ no YAML: {")
    append(bench, "Plugins: [./missing.py]\nNoSuchKey: 1\nSeed: ${NOWHERE}\n")
    bench.replace("etc/manager.yaml", "allocation_pct: 50", "allocation_pct: many\n    no: key")
    found = read_places("etc/nof0.yaml", environ={})
    assert found.state_dir == right.state_dir
    assert list(found.traders) == ["one"]
    with pytest.raises(ConfigError):
        bench.load()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("etc/nof0.yaml", "][", "etc/nof0.yaml:1"),
        ("etc/nof0.yaml", "Name: demo\n", "Manager"),
        ("etc/manager.yaml", "][", "etc/manager.yaml:1"),
        ("etc/manager.yaml", "manager: {state_storage_path: [1]}\n", "state_storage_path"),
    ],
)
def test_what_they_cannot_be_read_from_is_named(bench, file, text, said):
    bench.write(file, text)
    with pytest.raises(ConfigError) as caught:
        read_places("etc/nof0.yaml", environ={})
    assert said in str(caught.value)
