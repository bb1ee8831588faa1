"""Who is ranked in a whole run: models that fail always or now and then, a restart, a newcomer."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from llm_server import LlmServer, Say

from nof0_core.testing import Project

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
HOLD = json.dumps({"chain_of_thought": None, "decisions": []})
TRADER = """
  - id: {id}
    name: The {id}
    prompt_template: prompts/manager/default.tmpl
    model: {id}
    decision_interval: 3m
    allocation_pct: 20
"""


class Arena(Project):
    def configure(self, *traders):
        models = "".join(f"  {name}: {{model_name: v/{name}}}\n" for name in traders)
        self.write(
            "etc/llm.yaml", f"base_url: ${{URL}}\napi_key: key\nmax_retries: 0\nmodels:\n{models}"
        )
        entries = "".join(TRADER.format(id=name) for name in traders)
        self.write("etc/manager.yaml", f"manager: {{total_equity_usd: 10000}}\ntraders:{entries}")

    def run(self, server, cycles):
        path = Arena(directory=self.directory, environment={"URL": server.url}, path=self.path)
        command = ("run", "etc/nof0.yaml", "--data-dir", "data", "--cycles", str(cycles))
        return path.nof0(*command, within=timedelta(minutes=2)).check()

    def rows(self):
        path = self.directory / "data" / "api" / "leaderboard.json"
        return json.loads(path.read_text())["leaderboard"]


@pytest.fixture
def arena(tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    with (tmp_path / "etc" / "nof0.yaml").open("a") as main:
        main.write("\nRanking: {MinCycles: 8, MinUsablePct: 80, MinAge: 20m}\n")
    return Arena(directory=tmp_path)


def answer(body):
    asked = body["model"]
    return Say(text="I would rather not." if asked == "v/mute" else HOLD)


def test_a_dead_model_is_last_and_counts_survive_a_restart_and_a_newcomer(arena):
    arena.configure("mute", "steady")
    with LlmServer(default=answer) as server:
        arena.run(server, 5)
        first = {row["id"]: row for row in arena.rows()}
        assert first["steady"]["usable_answers"] == first["steady"]["cycles"] == 5
        assert first["steady"]["unranked_reason"] == "5 of 8 cycles, 12 min of 20 min"
        assert first["mute"]["usable_answers"] == 0
        assert first["mute"]["status"] == "failing"
        arena.configure("mute", "late", "steady")
        done = arena.run(server, 5)
    rows = arena.rows()
    assert [row["id"] for row in rows] == ["steady", "mute", "late"]
    steady, mute, late = rows
    assert 8 < steady["usable_answers"] == steady["cycles"]
    assert (steady["unranked_reason"], steady["name"]) == (None, "The steady")
    assert mute["cycles"] > first["mute"]["cycles"] > 0
    wanted = f"0 of {mute['cycles']} answers usable, 0 of 8 cycles"
    assert mute["unranked_reason"] == wanted
    assert late["unranked_reason"].startswith("5 of 8 cycles, ")
    assert f"not ranked: The mute: {wanted}" in " ".join(done.stdout.split())
    # Terminal and JSON say what the file says.
    told = json.loads(arena.nof0("leaderboard", "data", "--json").check().stdout)
    assert told == rows
    shown = arena.nof0("leaderboard", "data").check().stdout.splitlines()
    starts = [line.split()[:3] for line in shown if line[:1] in ("1", "2", "3", "–")]
    assert starts == [["1", "The", "steady"], ["–", "The", "mute"], ["–", "The", "late"]]
    assert any("Only The steady has passed" in line for line in shown)


def test_a_model_that_fails_now_and_then_is_ranked_from_its_share_on(arena):
    said = {"v/often": 0, "v/seldom": 0}

    def moody(body):
        said[body["model"]] += 1
        # A refused call ends the cycle; an answer would be sent back for repair.
        every = 4 if body["model"] == "v/often" else 5
        return Say(status=400) if said[body["model"]] % every == 0 else Say(text=HOLD)

    arena.configure("often", "seldom")
    with LlmServer(default=moody) as server:
        arena.run(server, 20)
    seldom, often = arena.rows()
    assert (seldom["id"], seldom["usable_answers"], seldom["cycles"]) == ("seldom", 16, 20)
    assert seldom["unranked_reason"] is None
    assert often["unranked_reason"] == "15 of 20 answers usable"
