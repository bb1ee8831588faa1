"""What an endpoint's list of models tells before a run, asked of a real server."""

from __future__ import annotations

import socket
from datetime import timedelta

import anyio
import attrs
import pytest
from llm_server import LlmServer

from nof0_core import testing
from nof0_core.domain.model import ModelSpec
from nof0_llm.openai.settings import OpenAIConfig
from nof0_llm.plugin import OPENAI


def look(url, *names):
    models = [ModelSpec(name=name, backend="test", model_name=f"vendor/{name}") for name in names]
    config = OpenAIConfig(base_url=url, api_key="a-key", timeout=timedelta(seconds=10))

    async def run():
        async with testing.env() as env:
            return await OPENAI.check_online(config, attrs.evolve(env, models=tuple(models)))

    return [(str(one.level), one.sentence) for one in anyio.run(run)]


@pytest.fixture
def server():
    with LlmServer() as server:
        yield server


def test_the_key_is_sent_and_every_model_looked_up(server):
    listed = [{"id": f"vendor/{name}", "object": "model"} for name in ("one", "two")]
    server.listed = (200, {"object": "list", "data": listed})
    assert look(server.url, "one", "three") == [
        ("ok", "the endpoint answers and lists 2 models"),
        ("ok", "one: vendor/one is listed"),
        ("problem", "three: the endpoint does not list a model vendor/three"),
    ]
    assert server.calls == [{"path": "/v1/models"}]
    assert server.headers[0]["authorization"] == "Bearer a-key"


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_accepted_is_a_problem(server, status):
    server.listed = (status, {"error": {"message": "who are you"}})
    ((level, sentence),) = look(server.url, "one")
    assert level == "problem"
    assert sentence.startswith("the key is not accepted: ")
    assert "check api_key in llm.yaml" in sentence


def test_an_endpoint_without_a_list_is_a_warning(server):
    ((level, sentence),) = look(server.url, "one")
    assert level == "warning"
    assert "no list of models" in sentence


@pytest.mark.parametrize(
    ("status", "body"), [(500, {"error": {"message": "out of order"}}), (429, {}), (302, {})]
)
def test_any_other_refusal_is_a_problem(server, status, body):
    server.listed = (status, body)
    ((level, _),) = look(server.url, "one")
    assert level == "problem"


@pytest.mark.parametrize("body", ["nothing", [], {"data": "x"}, {"data": None}, {"data": [7]}])
def test_an_answer_that_is_no_list_ends_in_a_finding(server, body):
    server.listed = (200, body)
    assert {level for level, _ in look(server.url, "one")} <= {"problem", "warning"}


def test_nobody_there_is_a_problem():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ((level, sentence),) = look(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", "one")
    assert level == "problem"
    assert "connection to" in sentence
