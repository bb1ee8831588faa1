"""Two traders on the machine's clock behind a market that is no recording: a wave."""

from __future__ import annotations

from pathlib import Path

MARKET = """
import math
from contextlib import asynccontextmanager
from decimal import Decimal
import attrs
from nof0_core import ServiceKind, hookimpl, opt
from nof0_core.domain.candles import to_ms
from nof0_core.testing.market import HandMarket

@attrs.frozen(kw_only=True)
class WaveConfig:
    breaks_every: int = opt(default=0, ge=0, help="every how many quotes it fails; 0: never")

class Wave(HandMarket):
    def __init__(self, clock, config):
        super().__init__(clock)
        self.calls, self.config = 0, config
        now = to_ms(clock.now())
        past = range(now - 6 * 3_600_000, now, 20_000)
        self._steps["BTC"] = [(0, Decimal(100_000))] + [(t, self._price(t)) for t in past]

    def _price(self, milliseconds):
        return Decimal(round(100_000 + 300 * math.sin(milliseconds / 7_000)))

    async def quotes(self, symbols):
        self.calls += 1
        if self.config.breaks_every and self.calls % self.config.breaks_every == 0:
            raise KeyError("a bug in the plugin")
        self.set("BTC", self._price(to_ms(self._clock.now())))
        return await super().quotes(symbols)

@asynccontextmanager
async def open_wave(config, env):
    yield Wave(env.clock, config)

@hookimpl
def nof0_market_providers():
    return [ServiceKind(type="wave", config=WaveConfig, open=open_wave, summary="a wave")]
"""
FILES = {
    "nof0.yaml": """
Name: live
Env: test
Host: 127.0.0.1
Port: 8888
DataPath: ../data/api
Plugins: [./wave.py]
LLM: {File: llm.yaml}
Executor: {File: executor.yaml}
Manager: {File: manager.yaml}
Exchange: {File: exchange.yaml}
Market: {File: market.yaml}
""",
    "llm.yaml": """
default_model: flips
models:
  flips:
    backend: baseline
    model_name: random
    params: {trades_per_day: 20000, hold: 5m, interval: 1m, size_pct: 20, leverage: 2}
""",
    "executor.yaml": """
major_coin_leverage: 5
altcoin_leverage: 5
min_confidence: 0
min_risk_reward: 0
max_positions: 3
decision_interval: 1s
decision_timeout: 500ms
max_concurrent_decisions: 2
""",
    "exchange.yaml": """
default: paper
providers:
  paper: {type: sim, latency: 10ms}
""",
    "market.yaml": """
default: wave
providers:
  wave: {type: wave}
symbols: [BTC]
intervals: [1m]
""",
    "manager.yaml": """
manager:
  total_equity_usd: 10000
  reserve_equity_pct: 10
  allocation_strategy: fixed
  rebalance_interval: 1h
  state_storage_backend: file
  state_storage_path: ../data/manager_state.json
traders:
  - &one
    id: one
    name: One
    exchange_provider: paper
    market_provider: wave
    prompt_template: prompts/system.tmpl
    executor_prompt_template: prompts/user.tmpl
    model: flips
    allocation_pct: 40
    auto_start: true
    risk_params: {min_risk_reward_ratio: 0, min_confidence: 0}
  - {<<: *one, id: two, name: Two}
monitoring:
  update_interval: 1s
""",
}


def write(root: Path) -> Path:
    """Write the project; returns its main file."""
    etc = root / "etc"
    etc.mkdir()
    (etc / "wave.py").write_text(MARKET)
    for name, text in FILES.items():
        (etc / name).write_text(text)
    (root / "prompts").mkdir()
    for name in ("system", "user"):
        (root / "prompts" / f"{name}.tmpl").write_text("{# Version: 1 #}\nbe careful\n")
    return etc / "nof0.yaml"
