"""Models that are asked over the network, in a backtest."""

from __future__ import annotations

import json
import shutil

import pytest
from llm_server import LlmServer, Say, bought

from nof0_core.errors import UsageError

CYCLES = 21
PRICED = "model_name: v/gpt, price: {input: 1, output: 10}, max_completion_tokens: 1000"
TAPE = "{type: tape, backend: far, file: ../tape.jsonl}"


def entry(body: dict) -> Say:
    counted = {"prompt_tokens": 2000, "completion_tokens": 100, "total_tokens": 2100}
    return Say(
        text=json.dumps({"chain_of_thought": None, "decisions": [bought(body)]}), usage=counted
    )


@pytest.fixture
def server():
    with LlmServer(default=entry) as made:
        yield made


@pytest.fixture
def asking(place, server):
    """The project with a first trader whose model costs money."""
    place.replace(
        "llm.yaml",
        "models:\n",
        "backends:\n"
        f"  far: {{type: openai, base_url: {server.url}, api_key: sk-test, max_retries: 0}}\n"
        "models:\n"
        f"  gpt: {{backend: far, {PRICED}}}\n",
    )
    place.model("gpt")
    return place


def test_nobody_is_asked_without_consent_and_nothing_twice(asking, server):
    with pytest.raises(UsageError, match="which nobody has agreed to") as caught:
        asking.run()
    assert server.count == 0
    assert f"cross: gpt is asked {CYCLES} times, up to 0." in caught.value.hints[0]
    assert not (asking.directory / "data").exists()

    first = asking.run(allow_paid=True)
    assert server.count == CYCLES, "the check for look-ahead asks nobody"
    written = (first.folder / "report.json").read_bytes()
    asking.run(allow_paid=True)
    assert server.count == CYCLES, "answers on the tape are not asked again"
    assert (first.folder / "report.json").read_bytes() == written
    # 2000 tokens at 1 and 100 at 10 USD per million, in each cycle.
    assert str(first["cross"].inference_usd) == "0.063"
    assert any("cut-off" in flag for flag in first.flags)


def test_an_endpoint_that_fails_in_the_middle_is_counted(asking, server):
    server.script = [Say(), Say(), Say(status=400), Say(status=400)]

    result = asking.run(allow_paid=True)

    assert result.is_complete
    assert result["cross"].figures.usable_answers == CYCLES - 2
    assert any("2 of 32 cycles ended as" in flag for flag in result.flags)


def test_a_tape_that_ends_early_leaves_what_there_is(asking):
    folder = asking.run(allow_paid=True).folder
    lines = (folder / "answers.jsonl").read_text().splitlines(keepends=True)
    assert len(lines) == CYCLES
    shutil.rmtree(asking.directory / "data")
    (asking.directory / "tape.jsonl").write_text("".join(lines[:4]))
    asking.replace("llm.yaml", "backends:\n", f"backends:\n  taped: {TAPE}\n")
    asking.replace("llm.yaml", "gpt: {backend: far", "gpt: {backend: taped")

    result = asking.run()

    assert not result.is_complete
    assert result.ended.startswith("the tape has no answer for trader cross")
    assert result["cross"].figures.cycles == 4
    assert not (result.folder / "report.json").exists()
