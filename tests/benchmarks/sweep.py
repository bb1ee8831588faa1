"""Backtests per minute of a sweep: baselines over a month of 1-minute bars, on two cores.

`python tests/benchmarks/sweep.py [JOBS] [WORKERS]` makes a month of BTC up, runs so many backtests
(default: 40) and says how long 1,000 take at that pace. The first one, which is checked for
look-ahead, and what comes before it are counted apart.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from nof0_core.clock import stopwatch
from nof0_core.sweep.running import prepare, run

ROOT = Path(__file__).parents[2]
MANAGER = """
manager: {total_equity_usd: 10000, state_storage_path: ../data/manager_state.json}
traders:
  - id: cross
    prompt_template: prompts/manager/default.tmpl
    model: ema-cross
    decision_interval: 3m
    allocation_pct: 100
    risk_params: {min_risk_reward_ratio: 1.5, min_confidence: 50}
"""
LLM = """
models:
  ema-cross: {backend: baseline, model_name: ema_cross, params: {interval: 1h, size_pct: 60}}
"""
SIZE = "Manager.traders.cross.risk_params.max_position_size_usd"
SWEEP = """
config: nof0.yaml
parameters: {{{key}: {{low: 100, high: {high}, step: 10}}}}
windows: [{{from: 2025-01-02T00:00:00Z, to: 2025-02-01T00:00:00Z}}]
moments: 1
"""
MARKET = """
default: recorded
providers: {recorded: {type: sim, data: ../candles, symbols: [BTC]}}
symbols: [BTC]
intervals: [1m, 1h]
indicators: [ema20, ema50, rsi14, atr14]
"""


def candles(folder: Path) -> None:
    """Make a month and a day of minutes and hours up."""
    import random

    import numpy as np

    from nof0_core.domain.candles import Candles, Interval
    from nof0_core.recordings.recording import aggregate
    from nof0_core.recordings.writing import candle_rows, file_name, write_rows

    count, chance = 31 * 1440, random.Random(1)
    start = 1_735_689_600_000  # 2025-01-01
    moves = np.array([chance.gauss(0, 0.0008) for _ in range(count)])
    close = np.round(100_000 * np.exp(np.cumsum(moves)))
    opens = np.concatenate(([100_000.0], close[:-1]))
    minutes = Candles(
        interval=Interval("1m"),
        open_time=start + 60_000 * np.arange(count),
        open=opens,
        high=np.maximum(opens, close) + 40,
        low=np.minimum(opens, close) - 40,
        close=close,
        volume=np.full(count, 10.0),
    )
    for bars in (minutes, aggregate(minutes, Interval("1h"))):
        name = file_name("BTC", bars.interval, "csv", is_funding=False)
        write_rows(folder / name, candle_rows(bars), "csv")


def main() -> None:
    """Measure and print."""
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("etc", "prompts"):
            shutil.copytree(ROOT / part, folder / part)
        candles(folder / "candles")
        (folder / "etc" / "manager.yaml").write_text(MANAGER)
        (folder / "etc" / "market.yaml").write_text(MARKET)
        (folder / "etc" / "llm.yaml").write_text(LLM)
        path = folder / "etc" / "sweep.yaml"
        path.write_text(SWEEP.format(key=SIZE, high=100 + 10 * (jobs - 1)))
        ends: list[float] = []
        began = stopwatch()
        result = run(
            prepare(path),
            agree=lambda _: True,
            workers=workers,
            progress=lambda *_: ends.append(stopwatch()),
        )
        assert result.is_complete, result.failures
        trades = sum(row.figures["trades"] for row in result.rows) / len(result.rows)
        rest = ends[-1] - ends[0]
        pace = rest / (jobs - 1)
        print(f"until the first result, with its look-ahead check: {ends[0] - began:.1f} s")
        print(f"the other {jobs - 1} on {workers} workers: {rest:.1f} s, {trades:.0f} trades each")
        print(f"1,000 at that pace: {ends[0] - began + 999 * pace:.0f} s (extrapolated)")
        print(f"after the last: table and page {stopwatch() - ends[-1]:.1f} s")


if __name__ == "__main__":
    main()
