"""Random projects over made-up prices, run with and without jumps."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import yaml

from nof0_core.backtest.one_run import Stop, live
from nof0_core.backtest.running import plan
from nof0_core.backtest.stage import Source
from nof0_core.project import load_config

START = datetime(2025, 7, 1, 12, tzinfo=UTC)
FOUND = (46, 74)
"""Seeds whose journals once differed, and are compared always."""
SEEDS = sorted({*range(int(os.environ.get("NOF0_JUMPS", "4"))), *FOUND})
COINS = ("BTC", "ETH", "SOL", "DOGE")


def make_project(seed: int, folder: Path) -> tuple[Path, timedelta]:
    """Write a project and return its main file and how long it is to run."""
    rng = random.Random(seed)
    coins = rng.sample(COINS, rng.randint(1, 3))
    etc = folder / "etc"
    etc.mkdir(parents=True)
    (folder / "p.tmpl").write_text("trade\n")
    resolution = rng.choice(["1m", "1m", "3m"])
    intervals = [resolution, *(["15m"] if rng.random() < 0.5 else [])]
    accounts = ["paper"] + (["other"] if rng.random() < 0.4 else [])
    wild = rng.random() < 0.4
    files = {
        "nof0.yaml": {
            "Name": "lives",
            "Seed": seed,
            "Clock": {"Start": START.isoformat()},
            **{
                name: {"File": f"{name.lower()}.yaml"}
                for name in ("LLM", "Market", "Exchange", "Manager", "Executor")
            },
        },
        "market.yaml": {
            "default": "made",
            "providers": {
                "made": {
                    "type": "sim",
                    "source": "synthetic",
                    "seed": seed,
                    "interval": resolution,
                    "start": (START - timedelta(days=2)).isoformat(),
                    "end": (START + timedelta(days=2)).isoformat(),
                    "volatility": rng.choice([4, 10]) if wild else rng.choice([0.6, 1.5]),
                }
            },
            "symbols": coins,
            "intervals": intervals,
            "indicators": ["ema5", "ema9", "ema20", "rsi7", "rsi14", "atr14"],
            "series_bars": rng.choice([5, 10]),
        },
        "exchange.yaml": {
            "default": "paper",
            "providers": {name: _account(rng, coins) for name in accounts},
        },
        "llm.yaml": {
            "default_model": "m0",
            "models": {f"m{n}": _model(rng, intervals, coins) for n in range(4)},
        },
        "executor.yaml": {"decision_timeout": "10s"},
        "manager.yaml": {
            "manager": {
                "total_equity_usd": 10000,
                "reserve_equity_pct": rng.choice([0, 10]),
                "allocation_strategy": rng.choice(["fixed", "equal", "performance_based"]),
                "rebalance_interval": rng.choice(["1h", "90m", "4h", "24h"]),
                "state_storage_path": "../data/state.json",
            },
            "traders": [],
            "monitoring": {"update_interval": "15s"},
        },
    }
    count = rng.randint(1, 4)
    files["manager.yaml"]["traders"] = [
        _trader(rng, n, coins, resolution, accounts, count) for n in range(count)
    ]
    for trader in files["manager.yaml"]["traders"]:
        _isolate(rng, trader, files["manager.yaml"]["traders"])
    _watch(random.Random(f"{seed} watched"), files)
    if is_netting(seed):
        for trader in files["manager.yaml"]["traders"]:
            trader |= {"exchange_provider": "paper", "margin_mode": "cross"}
    for name, content in files.items():
        (etc / name).write_text(yaml.safe_dump(content, sort_keys=False))
    hours = rng.choice([5, 13, 26])
    return etc / "nof0.yaml", timedelta(hours=hours, minutes=rng.choice([0, 0, 1, 7]))


def _account(rng: random.Random, coins: list[str]) -> dict:
    made = {
        "type": "sim",
        "initial_balance_usd": 10000,
        "taker_fee_bps": rng.choice([0, 4.5]),
        "slippage_bps": rng.choice([0, 2]),
        "latency": rng.choice(["0s", "300ms", "300ms", "2s"]),
        "default_funding_rate": rng.choice([0, 0.0000125, -0.0005]),
    }
    if rng.random() < 0.1:
        made["faults"] = {rng.choice(["timeout_after_execution", "reject_stops"]): 0.05}
    return made


def _model(rng: random.Random, intervals: list[str], coins: list[str]) -> dict:
    name = rng.choice(["buy_and_hold", "ema_cross", "ema_cross", "mean_reversion", "random"])
    params = {
        "interval": intervals[0] if name == "random" else rng.choice(intervals),
        "fast": "ema5",
        "slow": rng.choice(["ema9", "ema20"]),
        "fresh_bars": rng.randint(1, 4),
        "stop_atr": rng.choice([1.5, 5, 12]),
        "reward": rng.choice([1.6, 3]),
        "distance_atr": rng.choice([0.7, 1.5]),
        "rsi": rng.choice(["rsi7", "rsi14"]),
        "exit_on_signal": rng.random() < 0.6,
        "size_pct": rng.choice([15, 60, 150, 400]),
        "leverage": rng.choice([1, 3, 10]),
        "trades_per_day": rng.choice([4, 60, 300]),
        "hold": rng.choice(["20m", "3h"]),
        "stop_pct": rng.choice([2, 20]),
        "seed": rng.randint(0, 9),
    }
    # Drawn no number of its own: a seed stays the project that it was.
    params["stop_unit"] = "pct" if params["seed"] < 3 else "atr"
    params["turn_round"] = params["seed"] in {1, 2, 5, 6}
    if rng.random() < 0.3:
        params["symbols"] = coins[:1]
    return {"backend": "baseline", "model_name": name, "params": params}


def _trader(
    rng: random.Random, number: int, coins: list[str], bar: str, accounts: list[str], count: int
) -> dict:
    limits = {
        "max_positions": rng.randint(1, 3),
        "max_position_size_usd": 40000,
        "max_margin_usage_pct": rng.choice([40, 95]),
        "major_coin_leverage": 20,
        "altcoin_leverage": 10,
        "min_risk_reward_ratio": 1,
        "min_confidence": 50,
        "stop_loss_enabled": rng.random() < 0.8,
        "take_profit_enabled": rng.random() < 0.8,
    }
    guards = {}
    if rng.random() < 0.3:
        guards["sharpe_pause_threshold"] = rng.choice([0.5, -1])
        guards["sharpe_pause_duration"] = rng.choice(["17m", "2h"])
    if rng.random() < 0.3:
        guards["cooldown_after_close"] = rng.choice(["10m", "1h"])
    if rng.random() < 0.3:
        guards["max_entries_per_day"] = rng.choice([2, 6])
    steps = ["1m", "3m", "5m", "30s", "7m", "2h"] if bar == "1m" else ["3m", "15m", "5m"]
    made = {
        "id": f"t{number}",
        "name": f"T{number}",
        "prompt_template": "../p.tmpl",
        "executor_prompt_template": "../p.tmpl",
        "model": f"m{rng.randrange(4)}",
        "exchange_provider": rng.choice(accounts),
        "decision_interval": rng.choice(steps),
        "allocation_pct": 80 // count,
        "symbols": coins if rng.random() < 0.7 else coins[:1],
        "margin_mode": "cross",
        "risk_params": limits,
        "exec_guards": guards,
    }
    if rng.random() < 0.4:
        made["daily_loss_limit_pct"] = rng.choice([0.2, 1, 5])
    if rng.random() < 0.4:
        made["max_drawdown_pct"] = rng.choice([0.3, 1.5, 10])
    return made


def _watch(rng: random.Random, files: dict) -> None:
    """Let the venue refuse far targets now and then: the engine watches them then."""
    if rng.random() < 0.5:
        return
    for account in files["exchange.yaml"]["providers"].values():
        account["oracle_band_pct"] = rng.choice([12, 14, 20])
    for model in files["llm.yaml"]["models"].values():
        if rng.random() < 0.7:
            nearness = {"stop_unit": "pct", "stop_pct": rng.choice([0.3, 1, 1.8])}
            model["params"] |= nearness | {"reward": rng.choice([4, 9, 20])}


def is_netting(seed: int) -> bool:
    """Tell whether a project's venues are to know one net position alone, whoever holds it.

    Then the engine watches the exits of traders that hold opposite sides of a coin.
    """
    return seed % 2 == 1


def _isolate(rng: random.Random, trader: dict, traders: list[dict]) -> None:
    """Let a trader's margin be isolated now and then; its coins have to be its own then."""
    others = [one for one in traders if one is not trader]
    there = [o for o in others if o["exchange_provider"] == trader["exchange_provider"]]
    is_alone = not any(set(one["symbols"]) & set(trader["symbols"]) for one in there)
    if is_alone and rng.random() < 0.6:
        trader["margin_mode"] = "isolated"


def journal_of(
    config_file: Path,
    length: timedelta,
    folder: Path,
    *,
    steps: bool,
    start: datetime = START,
    progress: Callable[[datetime], object] = lambda _: None,
):
    """Run a project; return its journal's lines without `wall`, and what it has come to.

    `progress` is told each moment that was done.
    """
    config = load_config(config_file, data_dir=folder)
    planned = plan(config, start=start, end=start + length, source=Source(), steps=steps)
    work = partial(
        live,
        planned.staged,
        planned.window,
        log=lambda _: _SILENT,
        stop=Stop(),
        progress=progress,
        steps=steps,
    )
    lived = anyio.run(work)
    lines = {}
    for file in sorted((planned.folder / "run" / "journal").rglob("*.jsonl*")):
        found, data = [], file.read_bytes()
        is_packed = file.suffix == ".gz"
        for line in (gzip.decompress(data) if is_packed else data).splitlines():
            row = json.loads(line)
            row.pop("wall", None)
            found.append(json.dumps(row))
        lines[str(file.relative_to(planned.folder)).removesuffix(".gz")] = found
    return lines, lived


class _Silent:
    def __getattr__(self, name):
        return lambda *_, **__: None


_SILENT = _Silent()
