"""Three traders of one engine: `good` on sections of its own, `bad` and `worse` on the others."""

from __future__ import annotations

from pathlib import Path

import anyio
from journal_lines import NUMBERS, lines_below
from opened import open_engine

from nof0_core import config as configuration
from nof0_core.plugins import load_plugins
from nof0_core.testing.environment import Lines

PARTS = {
    "instruments": "market", "quotes": "market", "candles": "market", "history": "market",
    "report": "exchange", "place": "exchange", "cancel": "exchange", "order": "exchange",
    "fills": "exchange", "set_leverage": "exchange", "funding": "exchange",
    "accept_marks": "exchange", "complete": "model", "check": "check", "cursor": "exporter",
    "export": "exporter", "allocate": "allocator",
}  # fmt: skip
"""Whose verb it is."""
FILES = {
    "nof0.yaml": """
Name: bad
Env: test
Host: 127.0.0.1
Port: 8888
DataPath: ../data/api
Clock: {{Start: 2025-07-01T00:00:00Z}}
Seed: 3
Plugins: [./bad.py]
Exporters: [{{type: bad, fault: {exporter!r}}}]
LLM: {{File: llm.yaml}}
Executor: {{File: executor.yaml}}
Manager: {{File: manager.yaml}}
Exchange: {{File: exchange.yaml}}
Market: {{File: market.yaml}}
""",
    "llm.yaml": """
default_model: good
backends:
  good: {{type: bad}}
  bad: {{type: bad, fault: {model!r}}}
models:
  good: {{backend: good}}
  bad: {{backend: bad}}
""",
    "executor.yaml": """
major_coin_leverage: 5
altcoin_leverage: 5
min_confidence: 0
min_risk_reward: 0
max_positions: 3
decision_interval: 1m
decision_timeout: 30s
max_concurrent_decisions: 2
""",
    "exchange.yaml": """
default: good
providers:
  good: {{type: bad, market: good, initial_balance_usd: 5000}}
  bad: {{type: bad, market: bad, initial_balance_usd: 5000, fault: {exchange!r}}}
""",
    "market.yaml": """
default: good
providers:
  good: &market
    type: bad
    source: synthetic
    symbols: [BTC, ETH, SOL]
    start: 2025-06-30T00:00:00Z
    end: 2025-07-02T00:00:00Z
    volatility: 3
    is_asked: {is_asked}
  bad: {{<<: *market, fault: {market!r}}}
symbols: [BTC, ETH, SOL]
intervals: [1m, 5m]
""",
    "manager.yaml": """
manager:
  total_equity_usd: 10000
  reserve_equity_pct: 0
  allocation_strategy: {{type: bad, fault: {allocator!r}}}
  rebalance_interval: 10m
  state_storage_backend: file
  state_storage_path: ../data/manager_state.json
traders:
  - &good
    id: good
    name: Good
    exchange_provider: good
    market_provider: good
    prompt_template: prompts/system.tmpl
    executor_prompt_template: prompts/user.tmpl
    model: good
    allocation_pct: 50
    auto_start: true
    risk_params: {{min_risk_reward_ratio: 0, min_confidence: 0}}
  - <<: *good
    id: bad
    name: Bad
    exchange_provider: bad
    market_provider: bad
    model: bad
    allocation_pct: 25
    risk_checks: [{{type: bad, fault: {check!r}}}]
  - <<: *good
    id: worse
    name: Worse
    exchange_provider: bad
    market_provider: bad
    allocation_pct: 25
monitoring:
  update_interval: 1m
""",
}
WALL = ("seq", "prev", "hash", "wall")
"""Fields of a record that depend on what else is in the journal, or on the machine."""


def write(root: Path, fault: str = "", *, is_asked: bool = False) -> Path:
    """Write the project; `fault` is `VERB:HOW`, more after a `+`, or `open:HOW PART`."""
    text, _, part = fault.partition(" ")
    verb = text.partition(":")[0]
    faults = dict.fromkeys(("market", "exchange", "model", "check", "exporter", "allocator"), "")
    if text:
        faults[part or PARTS[verb]] = text
    for name, template in FILES.items():
        file = root / "etc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(template.format(**faults, is_asked=str(is_asked).lower()))
    (root / "etc" / "bad.py").write_text("from bad_plugin.plugin import *\n")
    for name in ("system", "user"):
        file = root / "prompts" / f"{name}.tmpl"
        file.parent.mkdir(exist_ok=True)
        file.write_text("{# Version: 1 #}\nbe careful\n")
    return root / "etc" / "nof0.yaml"


def run(main: Path, moments: int) -> Lines:
    """Run the engine at full speed in this process, for so many moments; returns its log."""
    return anyio.run(_run, main, moments)


async def _run(main: Path, moments: int) -> Lines:
    config = configuration.load(main, load_plugins(), data_dir=main.parent.parent / "data")
    log = Lines()
    async with open_engine(config, full_speed=True, log=lambda _: log) as engine:
        left = [moments]

        def after(_):
            left[0] -= 1
            if not left[0]:
                engine.manager.stop("enough")

        await engine.run(after)
    return log


def records(main: Path, stream: str) -> list[dict]:
    """Return what the journal has of a stream, without what depends on others or the machine."""
    found = []
    for record in lines_below(main.parent.parent / "data" / "journal" / stream):
        if record["type"] == "config_loaded":
            continue  # it tells what the other is told to do
        for number in NUMBERS:
            record["data"].pop(number, None)
        found.append({k: v for k, v in record.items() if k not in WALL})
    return found
