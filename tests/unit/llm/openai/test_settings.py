"""Settings that could not work are refused before the first call."""

from __future__ import annotations

import pytest

from nof0_core.domain.model import ModelSpec
from nof0_llm.openai.settings import OpenAIConfig, mode_of


@pytest.mark.parametrize(
    "address",
    [
        "zenmux.ai/api/v1",
        "127.0.0.1:9/v1",
        "ftp://host/v1",
        "https://",
        "http://x:bad/v1",
        "http://[::1/v1",
        "http://ho st/v1",
        "http://host/v1\n",
        "http://höst/v1",
    ],
)
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match="must be an address such as https://"):
        OpenAIConfig(base_url=address, api_key="k")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://someone:word@127.0.0.1:9/v1", "must not hold a user or password"),
        ("http://127.0.0.1:9/deployments/m?api-version=2024-10-21", "must not have a query"),
        ("http://127.0.0.1:9/v1#canary", "must not have a query"),
    ],
)
def test_an_address_of_which_a_part_would_be_lost_is_refused_and_not_quoted(address, words):
    with pytest.raises(ValueError, match=words) as caught:
        OpenAIConfig(base_url=address, api_key="k")
    assert "someone" not in str(caught.value)
    assert "canary" not in str(caught.value)


def test_the_address_ends_before_the_route():
    with pytest.raises(ValueError, match="must end before /chat/completions"):
        OpenAIConfig(base_url="https://host/v1/chat/completions/", api_key="k")


@pytest.mark.parametrize("key", ["sk-one\n", "sk one", "sk-…", "sk-\u00e9", "\tsk"])
def test_a_key_no_header_takes_is_refused_and_not_quoted(key):
    with pytest.raises(ValueError, match="has a space, a line break") as caught:
        OpenAIConfig(api_key=key)
    assert key.strip() not in str(caught.value)


def test_the_key_is_not_in_the_repr():
    assert "marker" not in repr(OpenAIConfig(api_key="sk-marker"))


@pytest.mark.parametrize(
    ("entry", "mode"),
    [
        ({"provider": "openai", "model_name": "openai/gpt-5"}, "tools"),
        ({"provider": "anthropic", "model_name": "anthropic/claude-sonnet-4.5"}, "tools"),
        ({"provider": "deepseek", "model_name": "deepseek/deepseek-chat-v3.1"}, "tools"),
        ({"provider": "deepseek", "model_name": "deepseek-reasoner"}, "md_json"),
        ({"provider": "Ollama", "model_name": "qwen3"}, "json_schema"),
        ({"provider": "qwen", "model_name": "qwen-max"}, "json"),
        ({"provider": "qwen", "model_name": "qwen-max", "mode": "tools"}, "tools"),
        ({"model_name": "anything"}, "tools"),
    ],
)
def test_how_a_model_is_asked_depends_on_who_made_it_unless_said(entry, mode):
    assert mode_of(ModelSpec(name="m", backend="openai", **entry)) == mode
