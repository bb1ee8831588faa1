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
from decimal import Decimal
from pathlib import Path

import anyio
import attrs
import pytest
from opened import open_engine

from nof0_core import config as configuration
from nof0_core.domain.event import Alerted
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.plugins import load_plugins
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
TRADED = int(os.environ.get("NOF0_COMPANIES", "4"))
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
        state, journal = engine.recorder.state, engine.journal

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


def run(folder, start, look, traders, models):
    """Write the files of some traders and run them."""
    folder.mkdir()
    (folder / "prompts").symlink_to(ROOT / "prompts")
    file = write(folder, start, look, traders, models)
    return anyio.run(traded, configuration.load(file, load_plugins()))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_trader_alone_does_what_it_does_among_others(tmp_path, seed):
    start, look, traders, models = drawn(seed)
    together, _, alerts = run(tmp_path / "together", start, look, traders, models)
    assert alerts == []
    for trader in traders:
        alone, opposed, alerts = run(tmp_path / trader["id"], start, look, [trader], models)
        assert (opposed, alerts) == (0, [])
        assert plain(alone[trader["id"]]) == plain(together[trader["id"]])


def test_the_drawn_traders_hold_opposite_positions_and_are_stopped(tmp_path):
    """What is compared above is there: else it would say nothing."""
    start, look, traders, models = drawn(SEEDS[0])
    found, opposed, _ = run(tmp_path / "together", start, look, traders, models)
    reasons = {trade.reason for view in found.values() for trade in view.trades}
    assert opposed > 10
    assert {ExitReason.STOP, ExitReason.TARGET, ExitReason.CLOSE} <= reasons


PLUGIN = """
from contextlib import asynccontextmanager

import attrs

from nof0_core import BackendKind, hookimpl
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion
from nof0_core.money import decimal


@attrs.frozen(kw_only=True)
class Nothing:
    pass


class OneSided:
    async def complete(self, request):
        context, name = request.context, request.model.model_name
        side, stop, target = name.split()
        decisions = ()
        if not context.account.holdings and context.performance.trades == 0:
            decisions = (
                Decision(
                    signal=Signal(side), symbol="XRP", leverage=2, position_size_usd=decimal("600"),
                    entry_price=context.snapshots["XRP"].quote.mark, stop_loss=decimal(stop),
                    take_profit=decimal(target), confidence=90, reasoning="once",
                ),
            )
        return Completion(model=request.model.name, decisions=decisions)


@asynccontextmanager
async def opened(config, env):
    yield OneSided()


@hookimpl
def nof0_llm_backends():
    return [BackendKind(type="onesided", config=Nothing, open=opened, summary="test")]
"""
CRASH = [2.36, 2.38, 1.1792, 1.944]
"""Open, high, low and close of the bar that falls far below the stop and comes back."""


def write_crash(folder, start):
    """Write 15-minute candles of a coin that crashes two hours after `start`."""
    candles = folder / "candles"
    candles.mkdir()
    lines, opened = ["timestamp_ms,open,high,low,close,volume"], start - timedelta(days=2)
    while opened < start + timedelta(days=1):
        bar = [2.36, 2.37, 2.35, 2.36]
        if opened == start + timedelta(hours=2):
            bar = CRASH
        elif opened > start + timedelta(hours=2):
            bar = [1.944, 1.95, 1.94, 1.944]
        row = [int(opened.timestamp() * 1000), *bar, 9_000_000]
        lines.append(",".join(map(str, row)))
        opened += timedelta(minutes=15)
    (candles / "own_xrp_15m.csv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("company", [[], ["short"], ["short", "short", "long"]], ids=str)
def test_a_crash_stops_a_trader_at_the_same_price_in_any_company(tmp_path, company):
    start = datetime(2025, 10, 10, 19, 15, tzinfo=UTC)
    sides = {"long": "buy_to_enter 1.6333 3.9", "short": "sell_to_enter 2.9 1.2"}
    traders, models = [], {}
    for number, side in enumerate(["long", *company]):
        models[f"t{number}"] = {"backend": "onesided", "model_name": sides[side]}
        traders.append(
            {
                "id": f"t{number}",
                "model": f"t{number}",
                "prompt_template": "prompts/manager/default.tmpl",
                "decision_interval": "15m",
                "allocation_pct": 15,
                "symbols": ["XRP"],
                "risk_params": {"min_risk_reward_ratio": 0},
                "exec_guards": {"max_data_age": "15m"},
            }
        )
    (tmp_path / "prompts").symlink_to(ROOT / "prompts")
    write_crash(tmp_path, start)
    (tmp_path / "onesided.py").write_text(PLUGIN)
    file = write(tmp_path, start, "15s", traders, models)
    main = json.loads(file.read_text()) | {"Plugins": ["onesided.py"]}
    file.write_text(json.dumps(main))
    market = json.loads((tmp_path / "market.yaml").read_text())
    market["providers"]["recorded"]["data"] = "candles"
    market |= {"symbols": ["XRP"], "intervals": ["15m"]}
    (tmp_path / "market.yaml").write_text(json.dumps(market))
    found, _, _ = anyio.run(traded, configuration.load(file, load_plugins()))
    [trade] = found["t0"].trades
    assert trade.reason is ExitReason.STOP
    assert trade.exit.price == Decimal("1.6329")
    assert trade.exit.time == start + timedelta(hours=2, minutes=15)
