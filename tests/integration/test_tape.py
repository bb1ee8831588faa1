"""A run is recorded against an endpoint, and played back without one."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from journal_lines import content_of, day_files, whole
from llm_server import LlmServer, Say

from nof0_core.testing import Project

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
WALL = re.compile(rb',"wall":\{[^}]*\}\}$')
KEY = "canary-5f1c9e7a2b"

PLUGIN = '''
"""A backend for tests: posts the prompt and answers with what comes back."""
import json
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from decimal import Decimal

import anyio
import attrs

from nof0_core import BackendKind, hookimpl, opt
from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.errors import LLMError


@attrs.frozen(kw_only=True)
class PostConfig:
    base_url: str = opt()
    api_key: str = opt(secret=True)


@attrs.frozen(kw_only=True)
class PostParams:
    style: str = opt(default="calm")


class Post:
    def __init__(self, config):
        self.config = config

    async def complete(self, request):
        messages = [attrs.asdict(m) for m in request.prompt.messages]
        body = {"model": request.model.model_name, "messages": messages}
        try:
            answer = await anyio.to_thread.run_sync(self.post, body)
        except urllib.error.HTTPError as error:
            detail = f"status {error.code} for {self.config.api_key}"
            request.calls.add(
                ModelCall(model=request.model.name, outcome="refused", detail=detail)
            )
            raise LLMError(detail) from None
        usage = Usage(
            prompt_tokens=answer["usage"]["prompt_tokens"],
            completion_tokens=answer["usage"]["completion_tokens"],
            cost_usd=Decimal("0.0125"),
        )
        request.calls.add(
            ModelCall(model=request.model.name, outcome="answered", usage=usage)
        )
        message = answer["choices"][0]["message"]
        return Completion(
            model=request.model.name,
            text=message["content"],
            chain_of_thought=message.get("reasoning_content", ""),
            usage=usage,
        )

    def post(self, body):
        call = urllib.request.Request(
            self.config.base_url + "/chat/completions",
            json.dumps(body).encode(),
            {"content-type": "application/json", "authorization": "Bearer " + self.config.api_key},
        )
        with urllib.request.urlopen(call, timeout=20) as answer:
            return json.load(answer)


@asynccontextmanager
async def open_post(config, env):
    env.log.warning("opened", key=config.api_key)
    yield Post(config)


@hookimpl
def nof0_llm_backends():
    return [
        BackendKind(
            type="post", config=PostConfig, params=PostParams, open=open_post, summary="test"
        )
    ]
'''

NO_SOCKETS = """
import os, socket, sys

def watch(event, arguments):
    if event == "socket.__new__" and arguments[1] in (socket.AF_INET, socket.AF_INET6):
        os.write(2, b"a socket was opened")
        os._exit(97)
    if event == "socket.getaddrinfo":
        os.write(2, b"a name was looked up")
        os._exit(97)

sys.addaudithook(watch)
"""

LLM = """
models:
  gpt:
    backend: taped
    provider: test
    model_name: test/one
    temperature: 0.5
    price: {input: 1, output: 10}
    params: {style: bold}
  other:
    backend: taped
    provider: test
    model_name: test/two
    price: {input: 1, output: 10}
backends:
  taped:
    type: tape
    mode: ${MODE:-replay}
    backend: real
    file: ${TAPE:-../tapes/run.jsonl}
  real:
    type: post
    base_url: ${URL}
    api_key: ${KEY}
"""


class Workplace(Project):
    """The shipped configuration with two traders that ask a model through a tape."""

    def run(self, mode: str, data: str, *options: str, **more: str):
        words = options or ("--cycles", "8")
        project = self.with_(MODE=mode, **more)
        return project.nof0(
            "run", "etc/nof0.yaml", "--data-dir", data, *words, within=timedelta(minutes=1)
        )

    def with_(self, **variables: str) -> Workplace:
        return Workplace(
            directory=self.directory,
            environment={**self.environment, **variables},
            path=self.path,
        )

    def cut_off(self) -> Workplace:
        """The same without keys, address and sockets."""
        place = self.directory / "cut-off"
        place.mkdir(exist_ok=True)
        (place / "sitecustomize.py").write_text(NO_SOCKETS)
        keep = {k: v for k, v in self.environment.items() if k not in ("KEY", "URL")}
        return Workplace(directory=self.directory, environment=keep, path=(place, *self.path))

    def journal(self, data: str) -> dict[str, list[bytes]]:
        place = self.directory / data / "journal"
        return {
            str(path.relative_to(place)): [
                WALL.sub(b"}", line) for line in content_of(path).splitlines()
            ]
            for path in day_files(place)
        }

    def records(self, data: str, type_: str) -> list[dict]:
        lines = [json.loads(line) for lines in self.journal(data).values() for line in lines]
        return [line for line in whole(lines) if line["type"] == type_]

    @property
    def tape(self) -> Path:
        return self.directory / "tapes" / "run.jsonl"


def long_entry(body: dict, turn: int, reasoning: str) -> dict:
    """A long in BTC around the mark the prompt tells."""
    mark = float(re.search(r"## BTC\nmark ([\d.]+)", body["messages"][-1]["content"])[1])
    return {
        "signal": "buy_to_enter",
        "symbol": "BTC",
        "leverage": 2,
        "position_size_usd": 400 + turn,
        "entry_price": mark,
        "stop_loss": round(mark * 0.98, 1),
        "take_profit": round(mark * 1.08, 1),
        "risk_usd": 10,
        "confidence": 90,
        "invalidation_condition": "none",
        "reasoning": reasoning,
    }


def answers():
    """An endpoint that never says the same twice, fails now and then, and gives away the key."""
    number = count(1)

    def reply(body: dict) -> Say:
        turn = next(number)
        if turn % 7 == 0:
            return Say(status=500)
        entry = long_entry(body, turn, f"turn {turn}, authorized by {KEY}")
        hold = {"signal": "hold", "symbol": "BTC", "reasoning": f"turn {turn} {KEY}"}
        close = {"signal": "close", "symbol": "BTC", "reasoning": f"turn {turn}"}
        choice = close if turn % 5 == 0 else entry if turn % 3 == 1 else hold
        text = json.dumps({"chain_of_thought": None, "decisions": [choice]})
        usage = {"prompt_tokens": 3000, "completion_tokens": 300, "total_tokens": 3300}
        thought = {"reasoning_content": f"thought {turn} {KEY}"}
        return Say(text=text, as_text=True, message=thought, usage=usage)

    return reply


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The configuration, with nothing recorded yet."""
    place = tmp_path_factory.mktemp("tape")
    shutil.copytree(ROOT / "etc", place / "etc")
    shutil.copytree(ROOT / "prompts", place / "prompts")
    plugins = place / "plugins"
    info = plugins / "post_backend-1.0.dist-info"
    info.mkdir(parents=True)
    (plugins / "post_backend.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: post-backend\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nof0.v1]\npost = post_backend\n")
    workplace = Workplace(directory=place, path=(plugins,))
    workplace.write("etc/llm.yaml", LLM)
    limits = "{min_risk_reward_ratio: 1, min_confidence: 50, max_margin_usage_pct: 80}"
    traders = "".join(
        f"""
  - id: {name}
    prompt_template: prompts/manager/aggressive_short.tmpl
    model: {model}
    decision_interval: {step}
    allocation_pct: 40
    risk_params: {limits}"""
        for name, model, step in (("alpha", "gpt", "3m"), ("beta", "other", "6m"))
    )
    workplace.write(
        "etc/manager.yaml", f"manager: {{total_equity_usd: 10000}}\ntraders:{traders}\n"
    )
    return workplace


@pytest.fixture(scope="module")
def recorded(bare):
    """The configuration after a recorded run; `outcome` of it and number of `calls`."""
    with LlmServer(default=answers()) as server:
        workplace = bare.with_(URL=server.url, KEY=KEY)
        outcome = workplace.run("record", "data")
        calls = server.count
    assert outcome.exit_code == 0, outcome.stdout + outcome.stderr
    return workplace, outcome, calls


def test_a_replay_without_sockets_and_keys_writes_the_same_journal(recorded):
    workplace, _, calls = recorded
    workplace.cut_off().run("replay", "again").check()
    assert workplace.journal("again") == workplace.journal("data")
    assert workplace.records("data", "filled"), "nothing was traded: the test shows nothing"
    statuses = {r["data"]["status"] for r in workplace.records("data", "cycle")}
    assert statuses == {"ok", "model_error"}
    assert calls == len(workplace.records("data", "cycle"))


def test_what_a_recording_cost_is_in_the_journal_of_both(recorded):
    workplace, *_ = recorded
    workplace.cut_off().run("replay", "costs").check()
    usage = [r["data"]["usage"] for r in workplace.records("costs", "cycle")]
    assert {"0.0125"} == {u["cost_usd"] for u in usage if u["prompt_tokens"]}


def test_recording_again_on_the_same_tape_asks_nothing_but_what_failed(recorded):
    workplace, *_ = recorded
    tape = workplace.tape.read_bytes()
    failed = len([r for r in workplace.records("data", "cycle") if r["data"]["status"] != "ok"])
    with LlmServer(default=Say(status=500)) as server:
        workplace.with_(URL=server.url).run("record", "twice").check()
        assert server.count == failed
    assert workplace.tape.read_bytes().startswith(tape)
    workplace.tape.write_bytes(tape)


def test_one_changed_character_of_a_prompt_ends_the_run_and_is_shown(recorded, tmp_path):
    workplace, *_ = recorded
    shutil.copytree(workplace.directory, tmp_path / "copy", ignore=shutil.ignore_patterns("data"))
    changed = Workplace(
        directory=tmp_path / "copy", environment=workplace.environment, path=workplace.path
    )
    template = tmp_path / "copy" / "prompts" / "executor" / "default_prompt.tmpl"
    text = template.read_text()
    template.write_text(text.replace("# Market\n", "# Markets\n", 1))
    assert template.read_text() != text
    outcome = changed.cut_off().run("replay", "missed")
    assert outcome.exit_code == 1
    assert "error: the tape has no answer for trader alpha at 2025-07-23 00:00:00" in outcome.stderr
    assert "\n+# Markets\n" in outcome.stderr
    assert "\n-# Market\n" in outcome.stderr
    assert re.search(r"first difference in line \d+, column 9", outcome.stderr)
    assert "Traceback" not in outcome.stderr
    (cycle,) = changed.records("missed", "cycle")
    assert cycle["data"]["status"] == "replay_miss"
    assert "+# Markets" in cycle["data"]["error"]
    assert not changed.records("missed", "order_intended")
    assert (
        changed.records("missed", "engine_stopped")[-1]["data"]["reason"]
        == "failed: ReplayMissError"
    )
    changed.nof0("journal", "verify", "missed").check()


def test_a_changed_parameter_ends_the_run_and_is_named(recorded, tmp_path):
    workplace, *_ = recorded
    shutil.copytree(workplace.directory, tmp_path / "copy", ignore=shutil.ignore_patterns("data"))
    changed = Workplace(
        directory=tmp_path / "copy", environment=workplace.environment, path=workplace.path
    )
    changed.replace("etc/llm.yaml", "style: bold", "style: shy")
    outcome = changed.cut_off().run("replay", "missed")
    assert outcome.exit_code == 1
    assert "'style': 'bold'" in outcome.stderr
    assert "'style': 'shy'" in outcome.stderr


def test_a_run_on_a_scaled_clock_records_and_a_miss_ends_it_too(bare):
    workplace = bare.with_(TAPE="../tapes/scaled.jsonl")
    main = (workplace.directory / "etc" / "nof0.yaml").read_text()
    main = main.replace("Speed: 3600", "Speed: 120").replace("Lockstep: true", "")
    workplace.write("etc/scaled.yaml", main)
    with LlmServer(default=answers()) as server:
        live = workplace.with_(URL=server.url, KEY=KEY, MODE="record")
        words = ("run", "etc/scaled.yaml", "--for", "3s", "--data-dir")
        live.nof0(*words, "scaled", within=timedelta(minutes=1)).check()
    tape = workplace.directory / "tapes" / "scaled.jsonl"
    cycles = [c for c in workplace.records("scaled", "cycle") if c["data"]["status"] == "ok"]
    assert cycles
    assert len(tape.read_bytes().splitlines()) >= len(cycles)
    tape.write_bytes(b"")
    outcome = (
        workplace.cut_off().with_(MODE="replay").nof0(*words, "none", within=timedelta(minutes=1))
    )
    assert outcome.exit_code == 1
    assert "nothing is recorded on it" in outcome.stderr


def test_the_key_is_nowhere_in_what_a_recorded_run_wrote(recorded):
    workplace, outcome, _ = recorded
    assert KEY not in outcome.stdout + outcome.stderr
    files = [
        path
        for folder in ("data", "tapes")
        for path in (workplace.directory / folder).rglob("*")
        if path.is_file()
    ]
    assert workplace.tape in files
    assert workplace.directory / "data" / "nof0.log" in files
    assert len(files) > 10
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert b"[redacted]" in workplace.tape.read_bytes(), "the endpoint did not give the key away"


OPENAI = """
budget: {{daily_usd: {limit}}}
models:
  gpt:
    backend: taped
    provider: openai
    model_name: test/one
    max_completion_tokens: 500
    temperature: 0.5
    price: {{input: 1, output: 10}}
    params: {{seed: 5}}
  other:
    backend: taped
    model_name: test/two
    max_completion_tokens: 500
    price: {{input: 1, output: 10}}
backends:
  taped:
    type: tape
    mode: ${{MODE:-replay}}
    backend: real
    file: ../tapes/run.jsonl
  real:
    type: openai
    base_url: ${{URL}}
    api_key: ${{KEY}}
    max_retries: 0
"""


def test_a_run_of_the_openai_backend_whose_budget_ends_is_replayed(bare, tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(bare.directory / name, tmp_path / "copy" / name)
    workplace = Workplace(directory=tmp_path / "copy", path=bare.path)
    # Each call costs 0.006 USD, and less than twice that is held for it.
    workplace.write("etc/llm.yaml", OPENAI.format(limit="0.04"))
    with LlmServer(default=answers()) as server:
        live = workplace.with_(URL=server.url, KEY=KEY)
        outcome = live.run("record", "data").check()
        calls = server.count
    statuses = [r["data"]["status"] for r in workplace.records("data", "cycle")]
    assert "budget_exceeded" in statuses
    assert "ok" in statuses
    assert calls < len(statuses)
    workplace.cut_off().run("replay", "again").check()
    assert workplace.journal("again") == workplace.journal("data")
    assert {r["data"]["code"] for r in workplace.records("again", "alert")} >= {"budget_spent"}
    wrote = [p for p in (tmp_path / "copy").rglob("*") if p.is_file()]
    assert not [path for path in wrote if KEY.encode() in path.read_bytes()]
    assert KEY not in outcome.stdout + outcome.stderr


MEMBERS = """
budget: {daily_usd: 5}
models:
  gpt: {backend: ensemble, params: {members: [one, two, three]}}
  other: {backend: critic, params: {proposer: one, critic: judge}}
  one:
    backend: taped
    model_name: test/one
    max_completion_tokens: 500
    price: {input: 1, output: 10}
  two:
    backend: taped
    model_name: test/two
    max_completion_tokens: 500
    price: {input: 1, output: 10}
  three:
    backend: taped
    model_name: test/three
    max_completion_tokens: 500
    price: {input: 1, output: 10}
  judge:
    backend: taped
    model_name: test/judge
    max_completion_tokens: 500
    price: {input: 1, output: 10}
backends:
  taped:
    type: tape
    mode: ${MODE:-replay}
    backend: real
    file: ../tapes/members.jsonl
  real:
    type: openai
    base_url: ${URL}
    api_key: ${KEY}
    max_retries: 0
"""


def members():
    """An endpoint behind which three models vote, one of them unreliably, and a fourth shrinks."""
    turns = {name: count(1) for name in ("test/one", "test/two", "test/three", "test/judge")}

    def reply(body: dict) -> Say:
        turn = next(turns[body["model"]])
        usage = {"prompt_tokens": 3000, "completion_tokens": 300, "total_tokens": 3300}
        if body["model"] == "test/judge":
            review = {"symbol": "BTC", "verdict": "shrink", "size_usd": 123 + turn, "reason": KEY}
            veto = {"symbol": "BTC", "verdict": "veto", "size_usd": None, "reason": "no"}
            answer = {"reviews": [review if turn % 2 else veto]}
            return Say(text=json.dumps(answer), as_text=True, usage=usage)
        if body["model"] == "test/three":
            return Say(status=500) if turn % 3 == 0 else Say(text="I abstain", as_text=True)
        entry = long_entry(body, turn, f"turn {turn}")
        if body["model"] != "test/one" and turn == 2:
            entry["signal"] = "hold"
        close = {"signal": "close", "symbol": "BTC", "reasoning": f"turn {turn}"}
        text = json.dumps({"chain_of_thought": None, "decisions": [entry if turn % 3 else close]})
        return Say(text=text, as_text=True, usage=usage)

    return reply


def test_voters_and_a_critic_are_replayed_without_sockets_and_keys(bare, tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(bare.directory / name, tmp_path / "copy" / name)
    workplace = Workplace(directory=tmp_path / "copy", path=bare.path)
    workplace.write("etc/llm.yaml", MEMBERS)
    with LlmServer(default=members()) as server:
        workplace.with_(URL=server.url, KEY=KEY).run("record", "data").check()
        calls, asked = server.count, set(server.models())
    assert asked == {"test/one", "test/two", "test/three", "test/judge"}
    workplace.cut_off().run("replay", "again").check()
    assert workplace.journal("again") == workplace.journal("data")
    # Nothing was paid by the replay, so there was nothing to keep over a crash.
    assert (workplace.directory / "data" / "open_calls").is_dir()
    assert not (workplace.directory / "again" / "open_calls").exists()

    cycles = [r["data"] for r in workplace.records("data", "cycle")]
    made = [call for cycle in cycles for call in cycle["calls"]]
    assert len(made) >= calls, "two traders may be answered by one call"
    assert {call["model"] for call in made} == {"one", "two", "three", "judge"}
    for cycle in cycles:
        costs = [Decimal(call["usage"]["cost_usd"]) for call in cycle["calls"]]
        assert Decimal(cycle["usage"]["cost_usd"]) == sum(costs) > 0
    opened = [r["data"] for r in workplace.records("data", "order_intended")]
    assert {o["trader"] for o in opened if o["purpose"] == "open"} == {"alpha", "beta"}
    said = [j["decision"] for c in cycles if c["trader"] == "beta" for j in c["judgements"]]
    assert {d["position_size_usd"] for d in said if "shrunk" in d["reasoning"]} >= {"124"}
    assert any("vetoed by judge" in d["reasoning"] for d in said)
    wrote = [p for p in (tmp_path / "copy").rglob("*") if p.is_file()]
    assert not [path for path in wrote if KEY.encode() in path.read_bytes()]


def test_a_replay_without_a_tape_says_so(recorded):
    workplace, *_ = recorded
    outcome = workplace.cut_off().run("replay", "none", TAPE="../tapes/nowhere.jsonl")
    assert outcome.exit_code == 2
    assert "nowhere.jsonl cannot be read" in outcome.stderr
    assert "etc/llm.yaml:" in outcome.stderr
