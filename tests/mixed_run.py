"""A run of all kinds at once: on a venue's account and on paper, with models, rules and faults."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import live_project
from hyperliquid_account import MAIN
from hyperliquid_desk import AGENT_KEY
from llm_server import HOLD, Say, bought

ROOT = Path(__file__).parents[1]
EXCHANGE = """
default: venue
providers:
  venue:
    type: hyperliquid
    private_key: "{key}"
    main_address: "{main}"
    base_url: "{url}"
  paper:
    type: sim
    latency: 10ms
    faults: {{rate_limited: 0.2, bad_gateway: 0.2, reject_stops: 0.2}}
"""
MARKET = """
default: venue
providers:
  venue: {{type: hyperliquid, base_url: "{url}"}}
symbols: [BTC, ETH]
intervals: [1m]
"""
MODELS = """
default_model: flips
models:
  flips:
    backend: baseline
    model_name: random
    params: {{trades_per_day: 20000, hold: 1m, interval: 1m, size_pct: 20, leverage: 2}}
  talker:
    backend: endpoint
    provider: local
    model_name: local/talker
    price: {{input: 1, output: 2}}
  panel: {{backend: ensemble, params: {{members: [talker, second], quorum: 1}}}}
  second:
    backend: endpoint
    provider: local
    model_name: local/second
    price: {{input: 1, output: 2}}
backends:
  endpoint: {{type: openai, base_url: "{models}", api_key: local}}
  ensemble: {{type: ensemble}}
  baseline: {{type: baseline}}
"""
TRADERS = """
  - {<<: *one, id: paper_flips, name: Paper, exchange_provider: paper, allocation_pct: 20,
     decision_interval: 2s}
  - {<<: *one, id: talker, name: Talker, exchange_provider: paper, model: talker,
     allocation_pct: 20, decision_interval: 2s,
     executor_prompt_template: prompts/executor/default_prompt.tmpl}
  - {<<: *one, id: panel, name: Panel, model: panel, allocation_pct: 20,
     executor_prompt_template: prompts/executor/default_prompt.tmpl}
"""


class Mixed:
    """The project of such a run in an empty folder; `venue` is a rehearsal venue, beside it."""

    def __init__(self, root: Path, venue: object, models: str) -> None:
        self.root, self.data = root, root / "data"
        self.etc = live_project.write(root).parent
        words = {"key": AGENT_KEY, "main": MAIN, "url": venue.base_url, "models": models}
        for name, text in (("exchange", EXCHANGE), ("market", MARKET), ("llm", MODELS)):
            (self.etc / f"{name}.yaml").write_text(text.format(**words))
        folder = root / "prompts" / "executor"
        folder.mkdir()
        default = ROOT / "prompts" / "executor" / "default_prompt.tmpl"
        (folder / default.name).write_text(default.read_text(encoding="utf-8"), encoding="utf-8")
        self.change("nof0.yaml", "Plugins: [./wave.py]\n", "")
        manager = "manager.yaml"
        self.change(manager, "exchange_provider: paper", "exchange_provider: venue")
        self.change(manager, "market_provider: wave", "market_provider: venue")
        self.change(manager, "update_interval: 1s", "update_interval: 10s")
        self.change(manager, "allocation_pct: 40", "allocation_pct: 20")
        self.change(manager, "  - {<<: *one, id: two, name: Two}\n", TRADERS.lstrip("\n"))
        self.change("executor.yaml", "decision_interval: 1s", "decision_interval: 5s")
        self.change("executor.yaml", "timeout: 500ms", "timeout: 1500ms")

    def change(self, name: str, old: str, new: str) -> None:
        """Edit a configuration file."""
        path = self.etc / name
        text = path.read_text(encoding="utf-8")
        assert old in text, (path, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def run(self, until: Callable[[], bool], *, is_killed: bool = False) -> int:
        """Run until something is so, end it or kill it, and return what it ended with."""
        command = [sys.executable, "-m", "nof0_core", "run", "etc/nof0.yaml", "--yes"]
        with (
            (self.root / "said.log").open("a") as said,
            subprocess.Popen(
                command, cwd=self.root, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            ) as process,
        ):
            try:
                while process.poll() is None and not until():
                    time.sleep(0.2)  # noqa: TID251 - a process is waited for
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL if is_killed else signal.SIGTERM)
                return process.wait()
            finally:
                process.kill()

    def nof0(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command on it."""
        return subprocess.run(
            [sys.executable, "-m", "nof0_core", *words],
            cwd=self.root,
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"COLUMNS": "160", "NO_COLOR": "1"},
        )

    def records(self, *kinds: str) -> list[Mapping[str, object]]:
        """Return the records of some types that are whole, ascending."""
        files = sorted((self.data / "journal").rglob("*.jsonl"))
        texts = [file.read_text(encoding="utf-8") for file in files]
        rows = [json.loads(line) for text in texts for line in text.split("\n")[:-1]]
        return sorted((r for r in rows if r["type"] in kinds), key=lambda row: row["seq"])

    def cycles(self, trader: str, status: str = "ok") -> int:
        """Return how many cycles of a trader ended so."""
        found = (record["data"] for record in self.records("cycle"))
        return sum(data["trader"] == trader and data["status"] == status for data in found)


_turn = count()


def answered(body: dict[str, object]) -> Say:
    """Answer as models do: they buy, hold, close, talk instead, and are away."""
    turn = next(_turn) % 7
    if turn == 2:
        return Say(text="I would rather wait.", as_text=True)
    if turn == 4:
        return Say(status=500)
    signals = {
        1: [{"signal": "close", "symbol": "BTC", "confidence": 80, "reasoning": "out"}],
        5: [{"signal": "buy_to_enter", "symbol": "BTC"}, {"signal": "hold", "symbol": "ETH"}],
    }
    if turn in (0, 3, 6):
        return Say(text=json.dumps({"chain_of_thought": "up", "decisions": [bought(body)]}))
    return Say(text=json.dumps({"decisions": signals[turn]}) if turn in signals else HOLD)
