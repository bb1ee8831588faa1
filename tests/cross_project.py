"""A project that trades task "cross" on candles of its own, without slippage and latency."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import plain_cross
import yaml

START = datetime(2025, 7, 1, tzinfo=UTC)
WARM = 600
"""Bars before the first decision."""
CAPITAL = 100_000


def project(folder: Path, bars: plain_cross.Bars, *, turns: bool = False) -> Path:
    """Write one trader and its candles; return the main file."""
    candles = folder / "candles"
    candles.mkdir()
    rows = zip(bars.time, bars.open, bars.high, bars.low, bars.close, strict=True)
    lines = [f"{time},{o},{h},{low},{c},1000" for time, o, h, low, c in rows]
    head = "timestamp_ms,open,high,low,close,volume"
    (candles / "btc_1m.csv").write_text("\n".join([head, *lines, ""]))
    rules = {
        "fast": "ema20",
        "slow": "ema50",
        "rsi": "rsi14",
        "interval": "1m",
        "fresh_bars": plain_cross.FRESH,
        "stop_unit": "pct",
        "stop_pct": float(plain_cross.STOP_PCT),
        "reward": plain_cross.REWARD,
        "exit_on_signal": True,
        "turn_round": turns,
        "size_pct": float(plain_cross.SIZE_PCT),
    }
    market = {"type": "sim", "data": str(candles), "symbols": ["BTC"]}
    market["instruments"] = {"BTC": {"size_decimals": 5, "price_decimals": 1, "max_leverage": 20}}
    venue = {"type": "sim", "initial_balance_usd": CAPITAL, "slippage_bps": 0, "latency": "0s"}
    venue |= {"impact": {"major_bps": 0, "other_bps": 0}, "max_volume_pct": 0}
    venue |= {"taker_fee_bps": float(plain_cross.FEE_BPS)}
    venue |= {"default_funding_rate": float(plain_cross.RATE)}
    trader = {
        "id": "cross",
        "name": "Cross",
        "prompt_template": "../p.tmpl",
        "executor_prompt_template": "../p.tmpl",
        "decision_interval": "1m",
        "allocation_pct": 100,
        "risk_params": {
            "max_positions": 1,
            "max_position_size_usd": 10_000_000,
            "max_margin_usage_pct": 95,
            "major_coin_leverage": 20,
            "altcoin_leverage": 20,
            "min_risk_reward_ratio": 1,
            "min_confidence": 10,
        },
    }
    files = {
        "nof0.yaml": {"Name": "cross", "Seed": 1, "Clock": {"Start": START.isoformat()}}
        | {n: {"File": f"{n.lower()}.yaml"} for n in ("LLM", "Market", "Exchange", "Manager")}
        | {"Executor": {"File": "executor.yaml"}},
        "market.yaml": {
            "default": "made",
            "providers": {"made": market},
            "symbols": ["BTC"],
            "intervals": ["1m"],
            "indicators": ["ema20", "ema50", "rsi14"],
        },
        "exchange.yaml": {"default": "paper", "providers": {"paper": venue}},
        "llm.yaml": {
            "default_model": "cross",
            "models": {
                "cross": {"backend": "baseline", "model_name": "ema_cross", "params": rules}
            },
        },
        "executor.yaml": {"decision_timeout": "10s"},
        "manager.yaml": {
            "manager": {
                "total_equity_usd": CAPITAL,
                "reserve_equity_pct": 0,
                "allocation_strategy": "fixed",
                "rebalance_interval": "24h",
                "state_storage_path": "../data/state.json",
            },
            "traders": [trader],
            "monitoring": {"update_interval": "15s"},
        },
    }
    (folder / "etc").mkdir()
    (folder / "p.tmpl").write_text("trade\n")
    for name, content in files.items():
        (folder / "etc" / name).write_text(yaml.safe_dump(content, sort_keys=False))
    return folder / "etc" / "nof0.yaml"
