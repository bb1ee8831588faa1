"""Names: how long they may be, what they are made of, which are too much alike."""

from __future__ import annotations

import pytest


def named(bench, trader):
    bench.replace("etc/manager.yaml", "id: one", f"id: {trader}")


def test_an_id_fits_every_file_that_is_named_after_it(bench):
    named(bench, "a" * 64)
    assert [trader.id for trader in bench.load().traders] == ["a" * 64]


@pytest.mark.parametrize("length", [65, 255, 300, 100_000])
def test_a_longer_id_is_refused_where_it_stands(bench, length):
    named(bench, "a" * length)
    found = bench.problems()
    assert "etc/manager.yaml:4: traders.0.id: a name has at most 64 characters" in found
    assert len(found) < 400


@pytest.mark.parametrize(
    "trader", ["../one", "a/b", ".one", "One", "\u043ene", "o\u0301ne", '"a\\tb"']
)
def test_an_id_that_names_no_file_of_its_own_is_refused(bench, trader):
    named(bench, trader)
    assert "etc/manager.yaml:4: traders.0.id: an id names files" in bench.problems()


def test_a_name_that_would_break_a_table_is_refused(bench):
    bench.replace("etc/manager.yaml", "id: one", 'id: one\n    name: "a\\e[2Jb"')
    found = bench.problems()
    assert 'etc/manager.yaml:5: traders.0.name: "a\\x1b[2Jb" has a line break' in found
    assert "\x1b" not in found


def test_sections_that_some_disks_take_for_the_same_are_refused(bench):
    bench.write("etc/exchange.yaml", "default: a\nproviders:\n  a: {type: sim}\n  A: {type: sim}\n")
    assert (
        'etc/exchange.yaml:4: providers.A: section "A" differs from "a" on line 3 in capitals'
        in bench.problems()
    )
    bench.write("etc/exchange.yaml", "providers:\n  a: {type: sim}\n")
    bench.write("etc/market.yaml", "default: a\nproviders:\n  a: {type: sim}\n  A: {type: sim}\n")
    assert "etc/market.yaml:4: providers.A: section" in bench.problems()


def test_a_section_with_a_long_name_is_refused(bench):
    bench.write("etc/exchange.yaml", f"providers:\n  {'a' * 65}:\n    type: sim\n")
    assert "etc/exchange.yaml:2: " in bench.problems()
    assert "at most 64 characters" in bench.problems()


@pytest.mark.parametrize("symbol", ["A/../B", "BTC/", "A" * 65, "\u0412TC", "A\\nB", "..", "a//b"])
def test_a_coin_that_is_no_plain_word_is_refused(bench, symbol):
    bench.write(
        "etc/market.yaml", f'providers:\n  recorded: {{type: sim}}\nsymbols: ["{symbol}"]\n'
    )
    assert "etc/market.yaml:3: symbols: " in bench.problems()


@pytest.mark.parametrize("name", ["m\u043edel", "a\\tb", " x", "x" * 101])
def test_a_model_that_others_could_not_name_is_refused(bench, name):
    bench.write(
        "etc/llm.yaml", f'models:\n  dummy: {{backend: rules}}\n  "{name}": {{backend: rules}}\n'
    )
    assert "etc/llm.yaml:3: models." in bench.problems()


def test_a_model_may_be_called_what_its_endpoint_calls_it(bench):
    name = "openrouter/some-lab/some-model-3.5-20241022:free"
    bench.write("etc/llm.yaml", f'models:\n  "{name}": {{backend: rules}}\n')
    bench.replace("etc/manager.yaml", "model: dummy", f"model: {name}")
    assert bench.load().traders[0].model.name == name


def test_a_misspelt_key_of_the_models_file_is_told_from_one_of_the_backend(bench):
    bench.write("etc/llm.yaml", "default_modle: dummy\nmodels:\n  dummy: {backend: rules}\n")
    assert bench.problems().splitlines()[0] == (
        'etc/llm.yaml:1: default_modle: unknown key, did you mean "default_model"?'
    )
