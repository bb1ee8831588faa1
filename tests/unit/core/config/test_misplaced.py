"""Keys of models that stand a level too high or too low."""

from __future__ import annotations

import pytest

from nof0_core.plugins import load_plugins


@pytest.fixture(scope="module")
def real():
    return load_plugins({"NOF0_PLUGINS": "nof0-provider-sim,nof0-llm"})


def told(bench, real, text):
    bench.write("etc/llm.yaml", text)
    return bench.problems(registry=real).splitlines()


ENTRY = "models:\n  dummy:\n    backend: mine\n    {}\nbackends:\n  mine: {{{}}}\n"
URL = "type: openai, base_url: 'http://127.0.0.1:1/v1', api_key: k"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("extra_body: {a: 1}", "dummy.extra_body: unknown key here: it belongs under params"),
        (
            "headers: {a: b}",
            "dummy.headers: unknown key here: it belongs under params of the model",
        ),
        ("limit_key: max_tokens", "it belongs under params of the model"),
        ("extra_bodi: {a: 1}", 'did you mean "extra_body"? That belongs under params of the model'),
        ("base_url: http://a", "it belongs to the backend's own section (mine)"),
        (
            "params: {temperature: 1}",
            "params.temperature: unknown key here: it belongs in the entry",
        ),
        ("params: {mode: json}", "it belongs in the entry of the model, beside params"),
        ("params: {api_key: k}", "params.api_key: unknown key here: it belongs to the backend's"),
        ("params: {extra_bdy: {}}", 'unknown key, did you mean "extra_body"?'),
        ("temprature: 1", 'dummy.temprature: unknown key, did you mean "temperature"?'),
        ("params: {zzz: 1}", "params.zzz: unknown key"),
    ],
)
def test_a_key_of_a_model_on_the_wrong_level_is_told_with_the_right_one(bench, real, line, said):
    [found] = told(bench, real, ENTRY.format(line, URL))
    assert found.startswith("etc/llm.yaml:4: models.dummy")
    assert said in found


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("extra_body: {a: 1}", "it belongs under params of a model"),
        ("temperature: 1", "it belongs in the entry of a model, under models"),
        ("timeuot: 1s", 'unknown key, did you mean "timeout"?'),
    ],
)
def test_a_key_of_a_model_in_a_section_is_told_with_the_right_place(bench, real, key, said):
    [found] = told(bench, real, ENTRY.format("temperature: 1", f"{URL}, {key}"))
    assert found.startswith("etc/llm.yaml:6: backends.mine.")
    assert said in found


def test_so_is_one_of_a_rule(bench, real):
    text = "models:\n  dummy:\n    backend: baseline\n    model_name: random\n    fast: ema9\n"
    [found] = told(bench, real, text)
    assert found == (
        "etc/llm.yaml:5: models.dummy.fast: unknown key here: it belongs under params of the model"
    )


def test_so_is_one_of_the_backend_at_the_top_level(bench, real):
    text = (
        "base_url: 'http://127.0.0.1:1/v1'\napi_key: k\nextra_body: {a: 1}\nmodels: {dummy: {}}\n"
    )
    [found] = told(bench, real, text)
    assert found.startswith("etc/llm.yaml:3: extra_body: unknown key here: it belongs under params")
