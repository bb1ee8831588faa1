"""A small project to run over the bundled recording."""

from __future__ import annotations

import shutil
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from nof0_core.project import Window, run_backtest

ROOT = Path(__file__).parents[4]
START = datetime(2025, 7, 23, tzinfo=UTC)

MANAGER = """
manager:
  total_equity_usd: 10000
  reserve_equity_pct: 10
  allocation_strategy: fixed
  rebalance_interval: 6h
  state_storage_path: ../data/manager_state.json
traders:
  - id: cross
    name: Cross
    prompt_template: prompts/manager/default.tmpl
    executor_prompt_template: prompts/executor/default_prompt.tmpl
    model: {first}
    decision_interval: 3m
    allocation_pct: 40
    risk_params: &active
      max_positions: 3
      max_position_size_usd: 2500
      max_margin_usage_pct: 60
      major_coin_leverage: 10
      altcoin_leverage: 5
      min_risk_reward_ratio: 1.5
      min_confidence: 50
  - id: flip
    name: Flip
    exchange_provider: other
    prompt_template: prompts/manager/default.tmpl
    model: coin-flip-busy
    decision_interval: 6m
    allocation_pct: 40
    risk_params: *active
monitoring:
  update_interval: 15s
"""
EXCHANGE = """
default: paper_trading
providers:
  paper_trading: {type: sim, initial_balance_usd: 10000, taker_fee_bps: 4.5}
  other: {type: sim, initial_balance_usd: 10000}
"""


@attrs.frozen
class Place:
    """A project's directory, with two traders on two venue accounts and two coins."""

    directory: Path

    @property
    def config(self) -> Path:
        return self.directory / "etc" / "nof0.yaml"

    @property
    def folder(self) -> Path:
        """The folder of its only backtest."""
        [found] = (self.directory / "data" / "backtests").iterdir()
        return found

    def write(self, name: str, text: str) -> None:
        (self.directory / "etc" / name).write_text(textwrap.dedent(text))

    def replace(self, name: str, old: str, new: str) -> None:
        file = self.directory / "etc" / name
        text = file.read_text()
        assert text.count(old) == 1, (old, text)
        file.write_text(text.replace(old, new))

    def plugin(self, text: str) -> None:
        """Add a plugin of one file."""
        self.write("planted.py", text)
        self.replace("nof0.yaml", "Seed: 7", "Plugins: [planted.py]\nSeed: 7")

    def model(self, name: str) -> None:
        """Let the first trader use another model."""
        self.replace("manager.yaml", "model: ema-cross", f"model: {name}")

    def run(self, hours=1, *, config=None, **options):
        options = {"moments": 1, "processes": 0} | options
        window = Window(START, START + timedelta(hours=hours))
        return run_backtest(config or self.config, window, **options)


@pytest.fixture
def place(tmp_path):
    for name in ("etc", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    made = Place(tmp_path)
    made.write("manager.yaml", MANAGER.replace("{first}", "ema-cross"))
    made.write("exchange.yaml", EXCHANGE)
    made.replace("market.yaml", "type: sim  ", "type: sim\n    symbols: [BTC, ETH]\n    #")
    made.replace("market.yaml", "[BTC, ETH, SOL, BNB, DOGE, XRP]", "[BTC, ETH]")
    return made
