"""`nof0 backtest` as a user runs it: models that cost money, Ctrl-C, a kill, the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from llm_server import LlmServer, Say, bought

from nof0_core.testing import Project

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
MANAGER = """
manager: {total_equity_usd: 10000}
traders:
  - id: alpha
    prompt_template: prompts/manager/default.tmpl
    model: gpt
    decision_interval: 3m
    allocation_pct: 50
    risk_params: {min_risk_reward_ratio: 1, min_confidence: 50}
"""
LLM = """
base_url: ${URL}
api_key: ${KEY}
max_retries: 0
models:
  gpt: {model_name: v/gpt, price: {input: 1, output: 10}, max_completion_tokens: 1000}
"""
HOUR = ("--from", "2025-07-23T00:00", "--to", "2025-07-23T00:30", "--moments", "1")
CYCLES = 11


class Arena(Project):
    """A project with one trader and its backtests."""

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-m", "nof0_core", "backtest", "etc/nof0.yaml", *HOUR, *options]

    def start(self, server: LlmServer, *options: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*options),
            cwd=self.directory,
            env={**os.environ, "URL": server.url, "KEY": "sk-test"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def backtest(self, url: str, *options: str, **more: str):
        around = {"URL": url, "KEY": "sk-test", **more}
        project = Project(directory=self.directory, environment=around)
        return project.nof0(*self.command(*options)[3:])

    @property
    def folder(self) -> Path:
        [found] = (self.directory / "data" / "backtests").iterdir()
        return found

    def report(self, name: str = "report") -> dict:
        return json.loads((self.folder / f"{name}.json").read_text())


@pytest.fixture
def arena(tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    made = Arena(directory=tmp_path)
    made.write("etc/manager.yaml", MANAGER)
    made.write("etc/llm.yaml", LLM)
    return made


def entry(body: dict) -> Say:
    counted = {"prompt_tokens": 2000, "completion_tokens": 100, "total_tokens": 2100}
    return Say(
        text=json.dumps({"chain_of_thought": None, "decisions": [bought(body)]}), usage=counted
    )


class Held:
    """A model whose answer to the question of a number waits until it is let go."""

    def __init__(self, number: int) -> None:
        self.number, self.asked = number, 0
        self.reached, self.go = threading.Event(), threading.Event()

    def __call__(self, body: dict) -> Say:
        self.asked += 1
        if self.asked == self.number:
            self.reached.set()
            self.go.wait()
        return entry(body)


def test_after_a_kill_it_asks_on_where_the_answers_end(arena):
    held = Held(8)
    with LlmServer(default=held) as server:
        process = arena.start(server, "--yes")
        assert held.reached.wait(600)
        process.kill()
        process.communicate()
        held.go.set()
        assert not (arena.folder / "report.json").exists()
        done = arena.backtest(server.url, "--yes").check()
        assert server.count == 8 + CYCLES - 7, "the one under way was lost, seven were not"
    assert "look-ahead: none found" in done.stdout
    assert arena.report()["is_complete"]


def test_ctrl_c_keeps_what_there_is(arena):
    held = Held(5)
    with LlmServer(default=held) as server:
        process = arena.start(server, "--yes")
        assert held.reached.wait(600)
        process.send_signal(signal.SIGINT)
        held.go.set()
        out, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert "incomplete: interrupted; not checked for look-ahead" in out
    partial = arena.report("partial")
    assert (partial["is_complete"], partial["look_ahead"]) == (False, None)
    assert sum(partial["cycles"].values()) == 5
    assert not (arena.folder / "report.json").exists()


def test_the_seed_of_hashes_changes_no_byte(tmp_path):
    arena = Arena(directory=tmp_path)
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    reports = [
        arena.backtest("", "--json", "--trades", f"{seed}.csv", PYTHONHASHSEED=seed).check().stdout
        for seed in ("1", "2")
    ]

    assert reports[0] == reports[1]
    assert json.loads(reports[0])["is_complete"]
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
