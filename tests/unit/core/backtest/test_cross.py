"""Task "cross": the whole engine and a plain loop agree to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import plain_cross
import pytest
import yaml

from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.project import Window, run_backtest

START = datetime(2025, 7, 1, tzinfo=UTC)
WARM = 600
CAPITAL = 100_000
ALL = {"stop", "target", "close"}


def project(folder, bars):
    """Write one trader and its candles."""
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


# Calm prices are left by signal, wild ones by stop and target as well, also over full hours.
@pytest.mark.parametrize(
    ("seed", "step", "reasons"),
    [(1, 12.0, {"close"}), (2, 120.0, ALL), (3, 260.0, ALL)],
)
def test_the_engine_and_a_plain_loop_agree_to_the_last_digit(tmp_path, seed, step, reasons):
    bars = plain_cross.made_up(
        WARM + 1500, seed=seed, start=to_ms(START) - WARM * 60_000, step=step
    )
    file = project(tmp_path, bars)

    result = run_backtest(file, Window(START, START + timedelta(minutes=1440)), moments=1)

    [trader] = result.traders
    # The first decision is at the start itself, on the bar that closes then; so is the last.
    ended = WARM + 1440
    cut = plain_cross.Bars(*(getattr(bars, n)[:ended] for n in bars.__annotations__))
    trades, held, cash = plain_cross.run(cut, WARM - 1, Decimal(CAPITAL))
    assert len(trades) >= 10
    assert {trade.reason for trade in trades} == reasons
    assert any(trade.funding for trade in trades)
    told = [
        (t.entry.time, t.entry.price, t.quantity, t.entry.fee, t.funding) for t in trader.trades
    ]
    left = [(t.exit.time, t.exit.price, t.exit.fee, t.reason.value) for t in trader.trades]
    assert told == [(from_ms(t.entered), t.entry, t.size, t.entry_fee, t.funding) for t in trades]
    assert left == [(from_ms(t.left), t.exit, t.exit_fee, t.reason) for t in trades]
    assert trader.account.cash == cash
    assert [h.quantity for h in trader.account.holdings] == ([held.size] if held else [])
