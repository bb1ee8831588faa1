"""Bars per second of a backtest with and without jumps, side by side.

    python tests/benchmarks/backtest.py [--bars 3000] [--coins 1 5 20] [--traders 1 10 100]
    python tests/benchmarks/backtest.py OLD NEW [--rounds 5] [--bars 20000]

Each run is made by a process of its own: CPU time of the run without opening, and the peak of its
memory. Both runs of a pair have to leave the same journal, or nothing is printed of them. With two
checkouts their runs with jumps take turns, so that work beside them disturbs both alike: medians.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import yaml

START = datetime(2025, 7, 1, tzinfo=UTC)
PACKAGES = ("nof0-core", "nof0-provider-sim", "nof0-provider-hyperliquid", "nof0-llm", "nof0-api")
RULES = {
    "fast": "ema20",
    "slow": "ema50",
    "interval": "1m",
    "fresh_bars": 2,
    "stop_atr": 15,
    "reward": 2,
    "exit_on_signal": True,
    "size_pct": 30,
    "leverage": 3,
}


def project(folder: Path, *, coins: int, traders: int, is_idle: bool, days: int = 40) -> Path:
    """Write a project of EMA crossers on made-up minutes; idle ones look for crosses in vain."""
    symbols = ["BTC", *(f"C{number}" for number in range(1, coins))]
    rules = RULES | ({"rsi_low": 50, "rsi_high": 50} if is_idle else {})
    instrument = {"size_decimals": 3, "price_decimals": 4, "max_leverage": 20}
    market = {"type": "sim", "source": "synthetic", "seed": 1, "symbols": symbols}
    market |= {"start": (START - timedelta(days=1)).isoformat(), "interval": "1m"}
    market |= {"end": (START + timedelta(days=days)).isoformat()[:10] + "T00:00:00Z"}
    market["instruments"] = dict.fromkeys(symbols[1:], instrument)
    one = {
        "prompt_template": "../p.tmpl",
        "executor_prompt_template": "../p.tmpl",
        "decision_interval": "1m",
        "allocation_pct": 100 / traders,
        "risk_params": {
            "max_positions": coins,
            "max_position_size_usd": 1_000_000,
            "max_margin_usage_pct": 95,
            "major_coin_leverage": 20,
            "altcoin_leverage": 20,
            "min_risk_reward_ratio": 1,
            "min_confidence": 10,
        },
    }
    names = ("LLM", "Market", "Exchange", "Manager", "Executor")
    files = {
        "nof0.yaml": {"Name": "bench", "Seed": 1, "Clock": {"Start": START.isoformat()}}
        | {name: {"File": f"{name.lower()}.yaml"} for name in names},
        "market.yaml": {
            "default": "made",
            "providers": {"made": market},
            "symbols": symbols,
            "intervals": ["1m"],
            "indicators": ["ema20", "ema50", "rsi14", "atr14"],
        },
        "exchange.yaml": {
            "default": "paper",
            "providers": {"paper": {"type": "sim", "initial_balance_usd": 1_000_000}},
        },
        "llm.yaml": {
            "default_model": "cross",
            "models": {
                "cross": {"backend": "baseline", "model_name": "ema_cross", "params": rules}
            },
        },
        "executor.yaml": {"decision_timeout": "10s"},
        "manager.yaml": {
            "manager": {
                "total_equity_usd": 1_000_000,
                "reserve_equity_pct": 0,
                "allocation_strategy": "fixed",
                "rebalance_interval": "24h",
                "state_storage_path": "../data/state.json",
            },
            "traders": [{"id": f"t{n}", "name": f"T{n}"} | one for n in range(traders)],
            "monitoring": {"update_interval": "15s"},
        },
    }
    (folder / "etc").mkdir(parents=True)
    (folder / "p.tmpl").write_text("trade\n")
    for name, content in files.items():
        (folder / "etc" / name).write_text(yaml.safe_dump(content, sort_keys=False))
    return folder / "etc" / "nof0.yaml"


class Silent:
    """A logger that keeps everything to itself."""

    def __getattr__(self, name):
        return lambda *_, **__: None


def measure(file: Path, bars: int, *, steps: bool) -> dict[str, object]:
    """Run once in this process."""
    from nof0_core.backtest.one_run import Stop, live
    from nof0_core.backtest.running import plan
    from nof0_core.backtest.stage import Source
    from nof0_core.project import load_config

    config = load_config(file)
    planned = plan(
        config, start=START, end=START + timedelta(minutes=bars), source=Source(), steps=steps
    )
    began = [0.0]

    def progress(_):
        began[0] = began[0] or time.process_time()

    class Timed(Stop):
        """Takes the time when the run is over; after it comes what only the report needs."""

        ended = 0.0

        def __setattr__(self, name, value):
            if name == "manager" and value is None:
                self.ended = time.process_time()
            super().__setattr__(name, value)

    stop = Timed()
    work = partial(live, planned.staged, planned.window, log=lambda _: Silent(), stop=stop)
    lived = anyio.run(partial(work, progress=progress, steps=steps))
    took, whole = stop.ended - began[0], time.process_time() - began[0]
    found, size = hashlib.sha256(), 0
    for path in sorted((planned.folder / "run" / "journal").rglob("*.jsonl*")):
        data = path.read_bytes()
        # Days that are over are compressed.
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
            size += len(line)
            row = json.loads(line)
            row.pop("wall", None)
            found.update(json.dumps(row).encode())
    return {
        "seconds": took,
        "whole": whole,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "journal": size / 1e6,
        "digest": found.hexdigest(),
        "trades": sum(len(one.trades) for one in lived.view.traders),
        "error": lived.error,
    }


def apart(
    how: str, bars: int, coins: int, traders: int, *, is_idle: bool, checkout: Path | None = None
) -> dict[str, object]:
    """Run once in a process of its own, with the code of a checkout."""
    environment = dict(os.environ)
    if checkout is not None:
        source = [str(checkout / name / "src") for name in PACKAGES]
        environment["PYTHONPATH"] = os.pathsep.join(source)
    with tempfile.TemporaryDirectory() as folder:
        days = bars // 1440 + 2
        file = project(Path(folder), coins=coins, traders=traders, is_idle=is_idle, days=days)
        command = [sys.executable, __file__, "--one", str(file), how, "--bars", str(bars)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return json.loads(done.stdout)


def compare(checkouts: list[Path], bars: int, rounds: int) -> None:
    """Let checkouts take turns on one coin and one trader, and print what their runs took."""
    print("  rule  trades   old b/s   new b/s  new/old CPU   journals")
    for is_idle in (False, True):
        runs = [
            [apart("jump", bars, 1, 1, is_idle=is_idle, checkout=each) for each in checkouts]
            for _ in range(rounds)
        ]
        took = [statistics.median(run[n]["seconds"] for run in runs) for n in (0, 1)]
        share = statistics.median(new["seconds"] / old["seconds"] for old, new in runs)
        is_same = len({run["digest"] for pair_ in runs for run in pair_}) == 1
        print(
            f"{'idle' if is_idle else 'cross':>6} {runs[0][1]['trades']:7} "
            f"{bars / took[0]:9,.0f} {bars / took[1]:9,.0f} {share:12.2f}   "
            f"{'equal' if is_same else 'DIFFERENT'}",
            flush=True,
        )


def pair(bars: int, coins: int, traders: int, *, is_idle: bool) -> str:
    """Run both in processes of their own, one after the other, and return a row."""
    found = {how: apart(how, bars, coins, traders, is_idle=is_idle) for how in ("step", "jump")}
    step, jump = found["step"], found["jump"]
    if step["digest"] != jump["digest"] or step["error"] or jump["error"]:
        return f"{coins:5} {traders:7}  the two journals differ: no figures"
    rates = [bars / each["seconds"] for each in (step, jump)]
    return (
        f"{coins:5} {traders:7} {'idle' if is_idle else 'cross':>6} {step['trades']:7} "
        f"{rates[0]:9,.0f} {rates[1]:9,.0f} {rates[1] / rates[0]:6.1f}x "
        f"{step['memory']:8.0f} {jump['memory']:8.0f} {jump['journal']:8.2f}"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkouts", type=Path, nargs="*", help="two, to be compared")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bars", type=int, default=3000)
    parser.add_argument("--coins", type=int, nargs="*", default=[1, 5, 20])
    parser.add_argument("--traders", type=int, nargs="*", default=[1, 10, 100])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        file, how = asked.one
        print(json.dumps(measure(Path(file), asked.bars, steps=how == "step")))
        return
    if asked.checkouts:
        compare([each.resolve() for each in asked.checkouts], asked.bars, asked.rounds)
        return
    print("coins traders   rule  trades   step b/s  jump b/s  ratio  MB step  MB jump  journal MB")
    for is_idle in (False, True):
        for coins in asked.coins:
            print(pair(asked.bars, coins, 1, is_idle=is_idle), flush=True)
        for traders in asked.traders[1:]:
            print(pair(asked.bars, 1, traders, is_idle=is_idle), flush=True)


if __name__ == "__main__":
    main()
