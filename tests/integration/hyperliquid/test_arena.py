"""`etc/arena.yaml` as shipped: live prices, models and a paper exchange, from two commands."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from llm_server import LlmServer, Say, bought
from venue_thread import venue_beside

from nof0_core.clock import wall_time
from nof0_core.testing import Project
from nof0_provider_hyperliquid.rehearsal.recording import on_recording

pytestmark = [pytest.mark.integration, pytest.mark.slow]
MODELS = ["claude", "deepseek", "gemini", "gpt", "grok", "qwen"]


def changed(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in pairs:
        assert old in text, (path, old)
        text = text.replace(old, new)
    path.write_text(text)


def answered(body) -> Say:
    """An answer of every model alike: it buys."""
    return Say(text=json.dumps({"chain_of_thought": "up it goes", "decisions": [bought(body)]}))


def held(project) -> dict[str, dict[str, object]]:
    """Positions by trader, as they were exported last."""
    file = project.directory / "data/arena/api/positions.json"
    totals = json.loads(file.read_text())["accountTotals"] if file.exists() else []
    return {total["model_id"]: total["positions"] for total in totals}


def run_until(project, is_so) -> None:
    """Let the arena run until something is so, however fast the machine is, and end it."""
    command = [sys.executable, "-m", "nof0_core", "run", "etc/arena.yaml"]
    environment = os.environ | project.environment
    with subprocess.Popen(command, cwd=project.directory, env=environment) as process:
        try:
            while not is_so():
                assert process.poll() is None
                time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()


def test_six_models_trade_live_prices_on_paper(tmp_path):
    Project(directory=tmp_path).nof0("init", "arena").check()
    project = Project(
        directory=tmp_path / "arena", environment={"OPENROUTER_API_KEY": "sk-or-local"}
    )
    etc = project.directory / "etc"
    with venue_beside(on_recording(wall_time())) as venue, LlmServer(default=answered) as models:
        changed(
            etc / "arena/market.yaml", ("testnet: false", f'base_url: "{venue.base_url}"'),
            ("[3m, 4h]", "[1m, 4h]"),
        )  # fmt: skip
        changed(etc / "arena/llm.yaml", ("https://openrouter.ai/api/v1", models.url))
        # A minute of the arena within seconds.
        changed(
            etc / "arena/executor.yaml", ("interval: 15m", "interval: 5s"),
            ("timeout: 150s", "timeout: 4s"), ("spread: 30s", "spread: 0s"),
        )  # fmt: skip
        costs = project.nof0("check", "etc/arena.yaml").check().stdout
        for name in MODELS:
            assert re.search(rf"note: {name}: about [\d.]+ USD a day", costs)
        assert "7 traders" in costs
        run_until(project, lambda: all("BTC" in held(project).get(name, {}) for name in MODELS))
        asked = venue.audit.by_type()
        weight, sockets = venue.audit.most_weight, venue.audit.most_sockets

    exported = project.directory / "data/arena/api"
    rows = json.loads((exported / "leaderboard.json").read_text())
    assert len(rows["leaderboard"] if isinstance(rows, dict) else rows) == 7
    assert len(models.models()) >= 6
    assert all("BTC" in held(project)[name] for name in MODELS)
    # Seven traders asked what one would: a book for each order that arrived comes on top.
    assert asked["candleSnapshot"] <= 3 * 12
    assert weight < 1_200
    assert sockets == 1
