"""Models behind an endpoint, in a whole run: who answers, what it costs, when it stops."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from journal_lines import lines_below, whole
from llm_server import LlmServer, Say, bought

from nof0_core.testing import Project

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
KEY = "sk-marker-key-81624f"


def llm_yaml(models: str, top: str = "") -> str:
    return "base_url: ${URL}\napi_key: ${KEY}\nmax_retries: 1\n" + top + "models:\n" + models


PRICED = "price: {input: 1, output: 10}, max_completion_tokens: 1000"
GPT = f"  gpt: {{model_name: v/gpt, {PRICED}}}\n"
QWEN = f"  qwen: {{model_name: v/qwen, provider: qwen, {PRICED}, priority: 1}}\n"


def entry(body: dict) -> Say:
    counted = {"prompt_tokens": 2000, "completion_tokens": 100, "total_tokens": 2100}
    return Say(
        text=json.dumps({"chain_of_thought": None, "decisions": [bought(body)]}), usage=counted
    )


class Arena(Project):
    def configure(self, llm: str, trader: str = "") -> None:
        self.write("etc/llm.yaml", llm)
        (self.directory / "etc/manager.yaml").write_text(
            f"""
manager: {{total_equity_usd: 10000}}
traders:
  - id: alpha
    prompt_template: prompts/manager/default.tmpl
    model: gpt
    decision_interval: 3m
    allocation_pct: 50
    risk_params: {{min_risk_reward_ratio: 1, min_confidence: 50}}
{trader}"""
        )

    def run(self, server: LlmServer, *options: str):
        surroundings = Arena(
            directory=self.directory, environment={"URL": server.url, "KEY": KEY}, path=self.path
        )
        command = ("run", "etc/nof0.yaml", "--data-dir", "data", *options)
        return surroundings.nof0(*command, within=timedelta(minutes=1))

    def records(self, type_: str) -> list[dict]:
        lines = lines_below(self.directory / "data" / "journal")
        return [line["data"] for line in whole(lines) if line["type"] == type_]

    def cycles(self) -> list[dict]:
        return self.records("cycle")


@pytest.fixture
def arena(tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return Arena(directory=tmp_path)


def test_a_model_trades_and_its_cost_is_in_the_journal(arena):
    arena.configure(llm_yaml(GPT))
    with LlmServer(default=entry) as server:
        arena.run(server, "--cycles", "3").check()
        assert server.count == 3
    cycles = arena.cycles()
    assert [c["status"] for c in cycles] == ["ok"] * 3
    assert [c["model"] for c in cycles] == ["gpt"] * 3
    assert cycles[0]["orders"], "the first entry was carried out"
    # 2000 tokens at 1 and 100 at 10 USD per million.
    assert {Decimal(c["usage"]["cost_usd"]) for c in cycles} == {Decimal("0.003")}


def test_the_next_prompt_says_what_became_of_the_last_answer_also_after_a_restart(arena):
    def unsure(body):
        said = json.loads(entry(body).text)
        said["decisions"][0]["confidence"] = 40
        return Say(text=json.dumps(said))

    arena.configure(llm_yaml(GPT))
    with LlmServer(default=unsure) as server:
        arena.run(server, "--cycles", "2").check()
        arena.run(server, "--cycles", "1").check()
        prompts = [call["messages"][1]["content"] for call in server.calls]
    told = (
        "# Your last answer, 3 min ago\nBTC buy_to_enter: refused, <data>confidence_below_minimum: "
    )
    assert [told in prompt for prompt in prompts] == [False, True, True]


def test_another_model_answers_and_the_journal_says_why(arena):
    def only_qwen(body):
        return entry(body) if body["model"] == "v/qwen" else Say(status=400)

    arena.configure(llm_yaml(GPT + QWEN))
    with LlmServer(default=only_qwen) as server:
        arena.run(server, "--cycles", "1").check()
        assert server.models() == ["v/gpt", "v/qwen"]
    (cycle,) = arena.cycles()
    assert (cycle["status"], cycle["model"]) == ("ok", "qwen")
    assert cycle["parameters"]["model_name"] == "v/qwen"
    assert [(c["model"], c["outcome"]) for c in cycle["calls"]] == [
        ("gpt", "refused"),
        ("qwen", "answered"),
    ]
    assert "400" in cycle["calls"][0]["detail"]


def test_an_empty_list_of_fallbacks_means_nobody(arena):
    arena.configure(llm_yaml(GPT + QWEN), "    fallback_models: []\n")
    with LlmServer(default=Say(status=400)) as server:
        arena.run(server, "--cycles", "1").check()
        assert server.models() == ["v/gpt"]
    assert [c["status"] for c in arena.cycles()] == ["model_error"]


def test_a_spent_budget_ends_cycles_over_restarts_and_tells_a_person_once(arena):
    """Each call takes 0.003 USD; the most one can take is about 0.02."""
    arena.configure(llm_yaml(GPT), "    budget_usd_per_day: 0.03\n")
    with LlmServer(default=entry) as server:
        arena.run(server, "--cycles", "2").check()
        assert server.count == 2
        arena.run(server, "--cycles", "12").check()
        paid = server.count
        assert 2 < paid < 12
        arena.run(server, "--cycles", "3").check()
        assert server.count == paid
    cycles = arena.cycles()
    assert len(cycles) == 17
    assert [c["status"] for c in cycles] == ["ok"] * paid + ["budget_exceeded"] * (17 - paid)
    assert "daily budget of trader alpha" in cycles[-1]["error"]
    spent = sum(Decimal(c["usage"]["cost_usd"]) for c in cycles)
    assert spent == paid * Decimal("0.003") <= Decimal("0.03")
    codes = [a["code"] for a in arena.records("alert") if a["code"].startswith("budget")]
    # The third run begins on the same day with a budget that is spent: it says so, once.
    assert codes == ["budget_spent"] * 2
    # Everybody who sat out keeps his position and its stop.
    assert cycles[-1]["account"]["holdings"][0]["exit_plan"]["stop_loss"]


def test_the_budget_of_all_is_one_for_all(arena):
    arena.configure(
        llm_yaml(GPT, "budget: {daily_tokens: 20000, alert_threshold_pct: 20}\n"),
        "  - {id: beta, prompt_template: prompts/manager/default.tmpl, model: gpt,"
        " decision_interval: 3m, allocation_pct: 40}\n",
    )
    with LlmServer(default=entry) as server:
        arena.run(server, "--cycles", "8").check()
        assert 2 <= server.count < 10
    statuses = {c["status"] for c in arena.cycles()}
    assert statuses == {"ok", "budget_exceeded"}
    codes = [a["code"] for a in arena.records("alert") if a["code"].startswith("budget")]
    assert codes == ["budget_low", "budget_spent"]


def test_a_budget_in_usd_needs_prices(arena):
    arena.configure(llm_yaml("  gpt: {model_name: v/gpt}\n"), "    budget_usd_per_day: 1\n")
    with LlmServer() as server:
        outcome = arena.run(server)
    assert outcome.exit_code == 2
    assert "budget_usd_per_day: cannot be kept: what gpt costs is not known" in outcome.stderr


def test_a_missing_price_is_a_warning(arena):
    arena.configure(llm_yaml("  gpt: {model_name: v/gpt}\n"))
    surroundings = Arena(directory=arena.directory, environment={"URL": "http://x", "KEY": KEY})
    checked = surroundings.nof0("check", "etc/nof0.yaml").check()
    assert "models.gpt: has no price" in checked.stdout + checked.stderr


def test_the_key_is_written_nowhere(arena):
    """Also where the endpoint gives it back in an error, an answer and a thought."""
    arena.configure(llm_yaml(GPT + "log_level: debug\n"))
    body = json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()
    thought = {"reasoning_content": f"my key is {KEY}"}
    script = [
        Say(status=401, body=body),
        Say(body=f"not even JSON {KEY}".encode()),
        Say(text=f"words {KEY}"),
        Say(text=f"more words {KEY}"),
        Say(message=thought),
    ]
    with LlmServer(*script) as server:
        outcome = arena.run(server, "--cycles", "4", "--debug")
        assert server.count == 5
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in outcome.stdout + outcome.stderr
    written = [path for path in (arena.directory / "data").rglob("*") if path.is_file()]
    assert len(written) > 5
    assert [str(path) for path in written if KEY.encode() in path.read_bytes()] == []


def test_try_asks_once_and_models_lists(arena):
    arena.configure(llm_yaml(GPT + QWEN))
    with LlmServer(default=entry) as server:
        execution = Arena(directory=arena.directory, environment={"URL": server.url, "KEY": KEY})
        listed = json.loads(execution.nof0("llm", "models", "--json").check().stdout)
        table = execution.nof0("llm", "models").check().stdout.splitlines()
        assert server.count == 0
        tried = json.loads(execution.nof0("llm", "try", "gpt", "--json").check().stdout)
        assert server.models() == ["v/gpt"]
        missing = execution.nof0("llm", "try", "gtp")
    assert [(m["name"], m["mode"], m["traders"]) for m in listed] == [
        ("gpt", "tools", ["alpha"]),
        ("qwen", "json", ["alpha"]),
    ]
    assert [line.split() for line in table[1:]] == [
        ["gpt", "openai", "v/gpt", "tools", "1", "/", "10", "-", "-", "-", "alpha"],
        ["qwen", "openai", "v/qwen", "json", "1", "/", "10", "-", "-", "1", "alpha"],
    ]
    assert (tried["status"], tried["decisions"][0]["approved"]) == ("ok", True)
    assert tried["calls"][0]["cost_usd"] == "0.003"
    assert missing.exit_code == 2
    assert 'no model "gtp"' in missing.stderr
