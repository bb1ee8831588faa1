"""A model without an endpoint is recorded: prompts come as files, answers go back as files."""

from __future__ import annotations

import json
import threading
import urllib.request

import pytest
from answering import Desk
from llm_server import LlmServer

pytestmark = pytest.mark.integration
BODY = {"model": "one", "messages": [{"role": "user", "content": "Buy or sell?"}]}


def ask(url: str) -> dict:
    call = urllib.request.Request(  # noqa: S310 - loopback
        url + "/chat/completions", json.dumps(BODY).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(call, timeout=60) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def test_a_call_waits_for_its_file_and_is_answered_with_it(tmp_path):
    found = []
    with LlmServer(default=Desk(tmp_path, pause=0.01).reply) as server:
        asking = threading.Thread(target=lambda: found.append(ask(server.url)))
        asking.start()
        prompt = tmp_path / "001.prompt.txt"
        while not prompt.exists():
            asking.join(0.01)
        assert prompt.read_text() == "--- user\nBuy or sell?"
        assert json.loads((tmp_path / "001.request.json").read_text()) == BODY
        assert not found
        (tmp_path / "001.begun").write_text("neither")
        (tmp_path / "001.begun").rename(tmp_path / "001.answer.txt")
        asking.join(60)
    assert found[0]["choices"][0]["message"]["content"] == "neither"
    assert found[0]["usage"] == {"prompt_tokens": 6, "completion_tokens": 2, "total_tokens": 8}
