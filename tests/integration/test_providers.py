"""Each provider's entry as shipped, against an endpoint that behaves as that provider documents."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from called import Called
from journal_lines import lines_below, whole
from llm_server import HOLD, LlmServer, Say

from nof0_core.testing import Project

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SHIPPED = yaml.safe_load((ROOT / "etc/live/providers.yaml").read_text())
MODELS = SHIPPED["models"]
BY_NAME = {entry["model_name"]: provider for provider, entry in reversed(MODELS.items())}


def complaint(provider: str, body: dict) -> str:
    """Return what a provider would say against a call; empty if it takes it."""
    whole_body = json.dumps(body)
    has_format = "response_format" in body
    rules = {
        "openai": (
            body.get("temperature", 1) != 1 or "max_tokens" in body,
            "unsupported parameter",
        ),
        "anthropic": (has_format, "response_format is ignored here"),
        "google": ("exclusiveMinimum" in whole_body, "unknown name exclusiveMinimum"),
        "deepseek": ("max_completion_tokens" in body or has_format, "max_tokens, at most 8192"),
        "qwen": (
            "max_completion_tokens" in body
            or (has_format and body.get("enable_thinking") is not False),
            "JSON mode needs enable_thinking false",
        ),
        "xai": (
            bool({"presence_penalty", "frequency_penalty", "stop", "reasoning_effort"} & {*body}),
            "not for reasoning models",
        ),
        "mistral": ("max_completion_tokens" in body, "extra inputs: max_completion_tokens"),
        "ollama": ("tool_choice" in body or "max_completion_tokens" in body, "not known"),
        "vllm": ("tool_choice" in body, "start the server with a tool parser"),
        "lmstudio": (
            body.get("response_format", {}).get("type") == "json_object",
            "json_schema or text",
        ),
    }
    is_wrong, words = rules.get(provider, (False, ""))
    asks_json = body.get("response_format", {}).get("type") == "json_object"
    if asks_json and "json" not in json.dumps(body["messages"]).lower():
        return "'messages' must contain the word 'json' to use response_format json_object"
    return words if is_wrong else ""


def refusal(provider: str, words: str) -> Say:
    """Return a refusal in the shape of the provider."""
    shapes = {
        "google": [{"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}}],
        "mistral": {
            "object": "error",
            "message": {"detail": [{"type": "extra_forbidden", "loc": ["body"], "msg": words}]},
        },
        "xai": {"code": "Client specified an invalid argument", "error": words},
        "vllm": {"object": "error", "message": words, "type": "BadRequestError", "code": 400},
    }
    body = shapes.get(provider, {"error": {"message": words, "type": "invalid_request_error"}})
    status = 422 if provider == "mistral" else 400
    return Say(status=status, body=json.dumps(body).encode())


def reply(body: dict) -> Say:
    provider = BY_NAME[body["model"]]
    words = complaint(provider, body)
    if words:
        return refusal(provider, words)
    text = HOLD
    thoughts = {"reasoning_content": "hm"} if body["model"].startswith("deepseek") else {}
    return Say(text=text, message=thoughts)


@pytest.fixture
def arena(tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return Called(directory=tmp_path)


def configure(arena: Project, server: LlmServer) -> None:
    """Let a trader for each shipped model trade, all endpoints being the local one."""
    llm = json.loads(json.dumps(SHIPPED))
    for backend in llm["backends"].values():
        backend |= {"base_url": server.url, "api_key": "any"}
    arena.write("etc/llm.yaml", yaml.safe_dump(llm))
    common = {"prompt_template": "prompts/manager/default.tmpl", "decision_interval": "3m"}
    traders = [{"id": name, "model": name, "allocation_pct": 8, **common} for name in MODELS]
    manager = {"manager": {"total_equity_usd": 10000}, "traders": traders}
    arena.write("etc/manager.yaml", yaml.safe_dump(manager))


def test_two_cycles_work_with_each_provider_as_shipped(arena):
    with LlmServer(default=reply) as server:
        configure(arena, server)
        command = ("run", "etc/nof0.yaml", "--data-dir", "data", "--cycles", "2")
        arena.nof0(*command).check()
        assert server.count == 2 * len(MODELS)
    lines = whole(lines_below(arena.directory / "data" / "journal"))
    cycles = [line["data"] for line in lines if line["type"] == "cycle"]
    assert [c["status"] for c in cycles] == ["ok"] * 2 * len(MODELS)
    assert {c["model"] for c in cycles} == set(MODELS)


def test_each_provider_can_be_tried_as_shipped(arena):
    with LlmServer(default=reply) as server:
        configure(arena, server)
        for name in MODELS:
            command = ("llm", "try", name, "--json")
            tried = arena.nof0(*command).check()
            said = json.loads(tried.stdout)
            assert (said["status"], [d["signal"] for d in said["decisions"]]) == ("ok", ["hold"])
        assert server.count == len(MODELS)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_console_that_lacks_letters_shows_the_others(arena, encoding):
    said = json.loads(HOLD) | {"chain_of_thought": "BTC \u2265 118k \U0001f4c8"}
    with LlmServer(default=Say(text=json.dumps(said, ensure_ascii=False))) as server:
        configure(arena, server)
        own = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        home = Project(directory=arena.directory, environment=own)
        home.nof0("llm", "try", "openai", within=timedelta(minutes=2)).check()
