"""The process is killed while models think; what that may have cost is not forgotten."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from journal_lines import lines_below
from llm_server import LlmServer, Say
from slow_pair import COUNTED, LLM, thinks_for_ever

from nof0_core.testing import Project

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
MANAGER = """
manager: {total_equity_usd: 10000}
traders:
  - id: alpha
    prompt_template: prompts/manager/default.tmpl
    model: pair
    decision_interval: 3m
    allocation_pct: 50
"""
PAID = Decimal("0.003")
"""What `COUNTED` costs in USD."""


class Workplace(Project):
    def start(self, server: LlmServer) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "nof0_core", *self.words("50")],
            cwd=self.directory,
            env={**os.environ, "URL": server.url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, server: LlmServer, cycles: str):
        workplace = Workplace(directory=self.directory, environment={"URL": server.url})
        return workplace.nof0(*self.words(cycles)).check()

    def words(self, cycles: str) -> tuple[str, ...]:
        return ("run", "etc/nof0.yaml", "--data-dir", "data", "--cycles", cycles)

    def records(self, type_: str) -> list[dict]:
        lines = lines_below(self.directory / "data" / "journal")
        found = sorted((line for line in lines if line["type"] == type_), key=lambda r: r["seq"])
        return [line["data"] for line in found]

    @property
    def open_calls(self) -> bytes:
        path = self.directory / "data" / "open_calls" / "alpha.jsonl"
        return path.read_bytes() if path.exists() else b""


def wait_for(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run that was killed while one of two models was still thinking."""
    place = tmp_path_factory.mktemp("killed")
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, place / name)
    workplace = Workplace(directory=place)
    workplace.write("etc/llm.yaml", LLM)
    workplace.write("etc/manager.yaml", MANAGER)
    with LlmServer(default=thinks_for_ever) as server:
        process = workplace.start(server)
        try:
            wait_for(lambda: b"usage" in workplace.open_calls and server.count == 2)
        finally:
            process.kill()
            process.wait()
    assert not workplace.records("cycle")
    return workplace


def test_what_was_spent_is_counted_by_the_next_run(killed):
    with LlmServer(default=Say(usage=COUNTED)) as server:
        killed.run(server, "6")
        first = server.count
        killed.run(server, "1")
        assert server.count == first, "the budget was spent, and forgotten by a restart"
    (lost,) = killed.records("calls_lost")
    calls = {call["model"]: call for call in lost["calls"]}
    assert Decimal(calls["quick"]["usage"]["cost_usd"]) == PAID
    assert not calls["quick"]["is_estimate"]
    worst = Decimal(calls["slow"]["usage"]["cost_usd"])
    assert worst > 3 * PAID, "at worst all 1000 tokens were written"
    assert calls["slow"]["is_estimate"]
    counted = PAID + worst + first * PAID
    assert counted <= Decimal("0.05") < counted + 2 * worst
    statuses = [cycle["status"] for cycle in killed.records("cycle")]
    assert statuses[-1] == "budget_exceeded"
    codes = [a["code"] for a in killed.records("alert")]
    assert codes.count("calls_lost") == 1
    killed.nof0("journal", "verify", "data").check()
    listed = killed.nof0("journal", "list", "data", "--type", "calls_lost").check()
    assert "2 calls" in listed.stdout
