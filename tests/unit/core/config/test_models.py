"""llm.yaml: models, the implied backend, backends of one's own."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from nof0_core.domain.model import DailyBudget, ModelPrice


def test_a_kind_without_settings_needs_no_section(bench):
    config = bench.load()
    assert list(config.backends) == ["rules"]
    model = config.models["dummy"]
    assert (model.backend, model.model_name, model.params.seed) == ("rules", "dummy", 0)


def test_params_are_the_kinds_own(bench):
    bench.replace("etc/llm.yaml", "backend: rules", "backend: rules\n    params: {seed: 3}")
    assert bench.load().models["dummy"].params.seed == 3
    bench.replace("etc/llm.yaml", "{seed: 3}", "{sed: 3}")
    assert bench.problems() == (
        'etc/llm.yaml:4: models.dummy.params.sed: unknown key, did you mean "seed"?'
    )


def test_sampling_settings_of_a_backend_that_reads_no_prompt_are_refused(bench):
    bench.replace("etc/llm.yaml", "backend: rules", "backend: rules\n    temperature: 0.5")
    assert bench.problems() == (
        'etc/llm.yaml:4: models.dummy.temperature: means nothing here: backend "rules" sends no'
        " text to a model\n  settings of its own go under params"
    )


def test_the_kind_may_judge_the_whole_entry(bench):
    bench.replace("etc/llm.yaml", "backend: rules", "backend: rules\n    model_name: bad")
    assert bench.problems() == 'etc/llm.yaml:2: models.dummy: no rule "bad"'


def test_a_backend_may_have_a_section_under_a_name_of_its_own(bench):
    bench.write(
        "etc/llm.yaml",
        """\
        backends:
          local: {type: openai, base_url: "http://localhost:1/v1", api_key: x}
        models:
          dummy: {backend: local}
    """,
    )
    config = bench.load()
    assert config.backends["local"].config.base_url == "http://localhost:1/v1"
    assert config.backends["local"].kind.type == "openai"


def test_the_top_level_belongs_to_openai_and_is_checked_with_its_schema(bench):
    bench.write("etc/llm.yaml", "api_key: x\nmax_retry: 3\nmodels:\n  dummy: {}\n")
    assert bench.problems() == (
        'etc/llm.yaml:2: max_retry: unknown key, did you mean "max_retries"?'
    )


def test_the_top_level_needs_no_key_while_no_trader_uses_openai(bench):
    bench.write(
        "etc/llm.yaml",
        """\
        api_key: ${NOPE}
        models:
          dummy: {backend: rules}
          gpt: {temperature: 1}
    """,
    )
    assert list(bench.load().backends) == ["rules"]


def test_without_openai_installed_its_known_keys_are_still_spell_checked(bench, plain_registry):
    bench.write(
        "etc/llm.yaml",
        """\
        api_key: x
        base_ulr: y
        models:
          dummy: {}
    """,
    )
    text = bench.problems(registry=plain_registry)
    assert 'etc/llm.yaml:2: base_ulr: unknown key, did you mean "base_url"?' in text
    assert 'models.dummy: LLM backend "openai" is not installed' in text
    assert "api_key" not in text


def test_settings_in_two_places_are_refused(bench):
    bench.write(
        "etc/llm.yaml",
        """\
        api_key: x
        backends: {openai: {type: openai, api_key: y}}
        models: {dummy: {}}
    """,
    )
    assert bench.problems() == (
        "etc/llm.yaml:1: api_key: unknown key: the settings of openai are under backends here"
    )


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            "{backend: ruls}",
            'models.dummy.backend: unknown LLM backend "ruls"\n  did you mean "rules"?',
        ),
        (
            "{backend: needy}",
            (
                'models.dummy.backend: backend "needy" needs settings: give it a section under'
                " backends\n  required: api_key"
            ),
        ),
        ("{backend: rules, temperature: hot}", "models.dummy.temperature: expected a number"),
        ("{backend: rules, params: 3}", "models.dummy.params: expected a mapping, got 3"),
        ("{bakend: rules}", 'models.dummy.bakend: unknown key, did you mean "backend"?'),
    ],
)
def test_a_wrong_entry(bench, entry, problem):
    bench.write("etc/llm.yaml", f"api_key: x\nmodels:\n  dummy: {entry}\n")
    assert problem in bench.problems()


def test_params_for_a_backend_that_takes_none_are_refused(bench):
    bench.write("etc/llm.yaml", "api_key: x\nmodels:\n  dummy: {params: {a: 1}}\n")
    assert 'models.dummy.params: backend "openai" has no params' in bench.problems()


def test_traders_without_model_use_the_default_one(bench):
    bench.replace("etc/manager.yaml", "    model: dummy\n", "")
    assert "traders.0.model: required key is missing: there is no default model" in bench.problems()
    bench.replace("etc/llm.yaml", "models:", "default_model: dummy\nmodels:")
    assert bench.load().traders[0].model.name == "dummy"
    bench.replace("etc/llm.yaml", "default_model: dummy", "default_model: dumm")
    assert 'default_model: unknown model "dumm", did you mean "dummy"?' in bench.problems()


def test_prices_and_budgets_reach_the_models(bench):
    bench.replace(
        "etc/llm.yaml",
        "backend: rules",
        "backend: rules\n    price: {input: 1, output: 2, cached_input: 0.5}\n"
        "    budget: {daily_usd: 3, daily_tokens: 1000}",
    )
    config = bench.load()
    assert config.warnings == ()
    model = config.models["dummy"]
    assert model.price == ModelPrice(input=D(1), output=D(2), cached_input=D("0.5"))
    assert model.budget == DailyBudget(usd=D(3), tokens=1000)


def test_one_price_counts_for_all_tokens(bench):
    bench.replace(
        "etc/llm.yaml",
        "backend: rules",
        "backend: rules\n    cost_per_million_tokens: 2\n    budget_usd_per_day: 5",
    )
    model = bench.load().models["dummy"]
    assert model.price == ModelPrice(input=D(2), output=D(2))
    assert model.budget == DailyBudget(usd=D(5))


def test_price_and_budget_written_twice_are_refused(bench):
    bench.replace(
        "etc/llm.yaml",
        "backend: rules",
        "backend: rules\n    cost_per_million_tokens: 2\n    budget_usd_per_day: 5\n"
        "    price: {input: 1, output: 2}\n    budget: {daily_usd: 3}",
    )
    assert bench.problems() == (
        "etc/llm.yaml:4: models.dummy.cost_per_million_tokens: price says what the model costs:"
        " take one out\n"
        "etc/llm.yaml:5: models.dummy.budget_usd_per_day: budget says what may be spent:"
        " write budget.daily_usd"
    )
