"""A slow model delays nobody else, and its own cycles end in time."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
SLEEPER = """
from contextlib import asynccontextmanager
import anyio, attrs
from nof0_core import BackendKind, hookimpl
from nof0_core.domain.model import Completion

@attrs.frozen(kw_only=True)
class Nothing:
    pass

class Sleeper:
    async def complete(self, request):
        await anyio.sleep(600)
        return Completion(model=request.model.name, decisions=())

@asynccontextmanager
async def open_sleeper(config, env):
    yield Sleeper()

@hookimpl
def nof0_llm_backends():
    return [BackendKind(type="sleeper", config=Nothing, open=open_sleeper, summary="sleeps")]
"""


@pytest.fixture
def sleepy(tmp_path, run_in):
    """The shipped configuration with one trader whose model never answers."""
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    etc = tmp_path / "etc"
    (etc / "sleeper.py").write_text(SLEEPER)
    main = etc / "nof0.yaml"
    running = main.read_text().replace("Lockstep: true", "Lockstep: false")
    main.write_text(running + "\nPlugins: [./sleeper.py]\n")
    llm = etc / "llm.yaml"
    llm.write_text(llm.read_text() + "\n  sleepy:\n    backend: sleeper\n")
    manager = etc / "manager.yaml"
    text = manager.read_text()
    assert "model: mean-reversion" in text
    manager.write_text(text.replace("model: mean-reversion", "model: sleepy"))
    executor = etc / "executor.yaml"
    text = executor.read_text()
    assert "max_concurrent_decisions: 1" in text
    text = text.replace("max_concurrent_decisions: 1", "max_concurrent_decisions: 2")
    executor.write_text(text.replace("decision_timeout: 60s", "decision_timeout: 1s"))
    return run_in(tmp_path / "data", main)


def test_the_others_keep_deciding_and_the_slow_one_times_out(sleepy):
    outcome = sleepy.run("--for", "5s")
    assert outcome.returncode == 0, outcome.stderr
    cycles = Counter((r["stream"], r["data"]["status"]) for r in sleepy.records("cycle"))
    assert cycles["reverter", "model_timeout"] >= 2
    assert not cycles["reverter", "ok"]
    for trader in ("cross_fast", "cross_patient", "coin_flip", "coin_flip_busy"):
        assert cycles[trader, "ok"] >= 20, cycles
    late = [r for r in sleepy.records("cycle") if r["data"]["status"] == "model_timeout"]
    assert all(0.9 < float(r["wall"]["took"]) < 3 for r in late)
    alerts = [r["data"] for r in sleepy.records("alert")]
    (failing,) = {a["message"] for a in alerts if a["code"] == "trader_failing"}
    assert "(model_timeout: " in failing
