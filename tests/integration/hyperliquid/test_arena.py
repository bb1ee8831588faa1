"""`etc/arena.yaml` as shipped: live prices, models and a paper exchange, from two commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from llm_server import LlmServer, Say
from venue_thread import venue_beside

from nof0_core.testing import Project

pytestmark = [pytest.mark.integration, pytest.mark.slow]
MODELS = ["claude", "deepseek", "gemini", "gpt", "grok", "qwen"]


def changed(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in pairs:
        assert old in text, (path, old)
        text = text.replace(old, new)
    path.write_text(text)


def bought(body) -> Say:
    """An answer that buys ether at the mark the prompt tells."""
    prompt = next(m["content"] for m in body["messages"] if m["role"] == "user")
    mark = float(re.search(r"## ETH\nmark ([\d.]+)", prompt)[1])
    decision = {
        "signal": "buy_to_enter",
        "symbol": "ETH",
        "leverage": 3,
        "position_size_usd": 2000,
        "entry_price": mark,
        "stop_loss": round(mark * 0.97, 1),
        "take_profit": round(mark * 1.08, 1),
        "risk_usd": 60,
        "confidence": 80,
        "invalidation_condition": "none",
        "reasoning": "momentum",
    }
    return Say(text=json.dumps({"chain_of_thought": "up it goes", "decisions": [decision]}))


def test_six_models_trade_live_prices_on_paper(tmp_path):
    Project(directory=tmp_path).nof0("init", "arena").check()
    project = Project(
        directory=tmp_path / "arena", environment={"OPENROUTER_API_KEY": "sk-or-local"}
    )
    etc = project.directory / "etc"
    with venue_beside() as venue, LlmServer(default=bought) as models:
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
        project.nof0("run", "etc/arena.yaml", "--for", "16s").check()
        asked = venue.audit.by_type()
        weight, sockets = venue.audit.most_weight, venue.audit.most_sockets

    exported = project.directory / "data/arena/api"
    rows = json.loads((exported / "leaderboard.json").read_text())
    assert len(rows["leaderboard"] if isinstance(rows, dict) else rows) == 7
    assert len(models.models()) >= 6
    held = json.loads((exported / "positions.json").read_text())
    assert "ETH" in json.dumps(held)
    # Seven traders asked what one would: a book for each order that arrived comes on top.
    assert asked["candleSnapshot"] <= 3 * 12
    assert weight < 1_200
    assert sockets == 1
