"""A trader's result does not depend on who else trades on its paper account.

Random configurations on the recorded market: six traders share an account and hold coins in
opposite directions; then each trades alone, from the same capital. What both say of it must be the
same to the last digit, but for the numbers that the exchange counts its orders and trades with.
"""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from nof0_core.domain.event import Alerted
from nof0_core.runtime.engine import open_engine
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.integration

TRADED = int(os.environ.get("NOF0_COMPANIES", "6"))
"""How many configurations are drawn: all 200 in a soak, else some of them."""
ALL = 200
FIRST, DAYS = datetime(2025, 7, 15, tzinfo=UTC), 9
LASTS = timedelta(hours=18)
COINS = ["BTC", "ETH", "SOL", "BNB", "DOGE", "XRP"]
SEEDS = random.Random(11).sample(range(ALL), TRADED) if TRADED < ALL else range(ALL)


def drawn(seed):
    """Return a start and six traders with their models, drawn at random."""
    rng = random.Random(seed)
    coins = rng.sample(COINS, rng.choice([2, 3, 6]))
    traders, models = [], {}
    for number in range(6):
        name = f"t{number}"
        params = {
            "interval": "3m",
            "stop_atr": round(rng.uniform(0.6, 5), 2),
            "reward": round(rng.uniform(0.6, 3), 2),
            "size_pct": rng.choice([20, 60, 120]),
            "leverage": rng.choice([1, 3, 5, 10]),
            "exit_on_signal": rng.random() < 0.5,
        }
        strategy = rng.choice(["random", "random", "random", "ema_cross", "mean_reversion"])
        if strategy == "random":
            params |= {
                "seed": rng.randrange(1000),
                "trades_per_day": rng.choice([20, 60, 200]),
                "hold": rng.choice(["30m", "2h", "8h"]),
            }
        models[name] = {"backend": "baseline", "model_name": strategy, "params": params}
        symbols = rng.sample(coins, rng.randint(1, len(coins)))
        traders.append(
            {
                "id": name,
                "model": name,
                "prompt_template": "prompts/manager/default.tmpl",
                "decision_interval": "3m" if strategy == "random" else rng.choice(["3m", "9m"]),
                "allocation_pct": 15,
                "symbols": symbols,
                "market_ioc_slippage_bps": rng.choice([20, 75]),
                "risk_params": {
                    "max_positions": rng.choice([1, 3, 6]),
                    "max_position_size_usd": rng.choice([500, 5000]),
                    "max_margin_usage_pct": 80,
                    "major_coin_leverage": 10,
                    "altcoin_leverage": 10,
                    "min_risk_reward_ratio": 0,
                    "min_confidence": 50,
                    "stop_loss_enabled": rng.random() < 0.9,
                    "take_profit_enabled": rng.random() < 0.8,
                },
            }
        )
    if rng.random() < 0.5:
        # Isolated margin belongs to one trader of a coin.
        own = traders[5]["symbols"] = ["XRP"]
        traders[5]["margin_mode"] = "isolated"
        for trader in traders[:5]:
            others = [coin for coin in trader["symbols"] if coin not in own]
            trader["symbols"] = others or ["BTC"]
    start = FIRST + timedelta(hours=rng.randrange(24 * DAYS))
    return start, rng.choice(["15s", "60s"]), traders, models


def write(folder, start, look, traders, models):
    """Write the configuration files of some traders."""
    files = {
        "nof0.yaml": {
            "Name": "company",
            "Seed": 3,
            "Clock": {"Start": start.isoformat(), "Speed": 3600},
            "LLM": {"File": "llm.yaml"},
            "Executor": {"File": "executor.yaml"},
            "Manager": {"File": "manager.yaml"},
            "Exchange": {"File": "exchange.yaml"},
            "Market": {"File": "market.yaml"},
        },
        "llm.yaml": {"default_model": "t0", "models": models},
        "executor.yaml": {"major_coins": COINS[:2], "major_coin_leverage": 20},
        "manager.yaml": {
            "manager": {
                "total_equity_usd": 20000,
                "reserve_equity_pct": 10,
                "allocation_strategy": "fixed",
                "rebalance_interval": "100000h",
                "state_storage_backend": "file",
                "state_storage_path": "data/manager_state.json",
            },
            "traders": traders,
            "monitoring": {"update_interval": look},
        },
        "exchange.yaml": {
            "default": "paper",
            "providers": {"paper": {"type": "sim", "initial_balance_usd": 20000}},
        },
        "market.yaml": {
            "default": "recorded",
            "providers": {"recorded": {"type": "sim"}},
            "symbols": COINS,
            "intervals": ["3m", "4h"],
            "indicators": ["ema20", "ema50", "rsi14", "atr14"],
            "series_bars": 10,
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    return folder / "nof0.yaml"


async def traded(config):
    """Run a configuration for as long as it lasts.

    Returns:
        What it says of each trader, how often the account was seen with opposite positions, and its
        alerts.
    """
    end = config.clock.start + LASTS
    opposed = 0
    async with open_engine(config, full_speed=True, log=lambda _: Lines()) as engine:
        state, journal = engine.recorder.state, engine.recorder.journal

        def after(moment):
            nonlocal opposed
            sides = {(p.symbol, p.quantity > 0) for p in state.positions("paper")}
            opposed += any((symbol, not is_long) in sides for symbol, is_long in sides)
            if moment >= end:
                engine.manager.stop("long enough")

        await engine.run(after)
        alerts = [event.body for event in journal.read() if isinstance(event.body, Alerted)]
        return {view.trader: view for view in engine.views.all().traders}, opposed, alerts


def plain(view):
    """Return what is said of a trader without the numbers that the exchange counts with."""

    def leg(found):
        return attrs.evolve(found, trade_id="", venue_order_id="")

    def held(found):
        nothing = dict.fromkeys(("entry_order_id", "stop_order_id", "take_profit_order_id"))
        return attrs.evolve(found, **nothing)

    return {
        "trades": [attrs.evolve(t, entry=leg(t.entry), exit=leg(t.exit)) for t in view.trades],
        "account": attrs.evolve(view.account, holdings=tuple(map(held, view.account.holdings))),
        "curve": view.equity_curve,
        "cycles": view.performance.cycles,
    }
