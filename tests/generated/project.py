"""The configuration of a long run: traders with a language model on a made-up market."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from generated import model
from nof0_core import config as configuration
from nof0_core.config.model import Config
from nof0_core.plugins import LoadedPlugin, load_plugins
from nof0_core.version import VERSION

ROOT = Path(__file__).parents[2]
START = datetime(2025, 1, 20, tzinfo=UTC)
EVERY = timedelta(minutes=3)
HOUR = timedelta(hours=1)
WARM_UP = timedelta(days=14)
"""What the market has had before the first decision: bars enough for slow averages."""
AFTER = timedelta(days=1)
"""What it goes on for after the last one, so that an engine can start again."""
COINS = ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")
SPANS = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
DATA = "data"
RULES = """
Rule {number}. Before you {act}, write down what would have to be seen to prove the idea \
wrong, and how far away that is in units of the average true range. Compare it with the costs of a \
round trip and with what funding takes until then. A rule that was broken once is broken again, so \
say which one you bend, and why, in the reasoning that goes to the journal.
"""
ACTS = ("enter", "add", "hold", "close", "reverse", "wait", "turn a stop", "count on a target",
        "follow a crowd", "fade a move")  # fmt: skip


def write_project(
    folder: Path,
    *,
    traders: int,
    span: timedelta,
    seed: int,
    entries: float | None = None,
    every: timedelta = EVERY,
) -> None:
    """Write the configuration files of a run into an empty folder; see `generate`."""
    chances = {} if entries is None else {"entries": entries}
    interval = f"{every // timedelta(minutes=1)}m" if every < HOUR else f"{every // HOUR}h"
    prompts = folder / "prompts"
    shutil.copytree(ROOT / "prompts", prompts)
    system = prompts / "manager" / "default.tmpl"
    rules = "".join(RULES.format(number=n, act=act) for n, act in enumerate(ACTS, start=1))
    system.write_text(system.read_text(encoding="utf-8") + rules, encoding="utf-8")
    files = {
        "nof0.yaml": {
            "Name": "long-run",
            "Seed": seed,
            "Clock": {"Start": START.isoformat(), "Speed": 3600},
            "LLM": {"File": "llm.yaml"},
            "Executor": {"File": "executor.yaml"},
            "Manager": {"File": "manager.yaml"},
            "Exchange": {"File": "exchange.yaml"},
            "Market": {"File": "market.yaml"},
        },
        "llm.yaml": {
            "default_model": "talker",
            "models": {
                "talker": {
                    "backend": "generated",
                    "provider": "made up",
                    "model_name": "made-up/talker-1",
                    "temperature": 0.7,
                    "price": {"input": 0.25, "output": 1.25},
                }
            },
            "backends": {"generated": {"type": "generated", **chances}},
        },
        "executor.yaml": {
            "decision_interval": interval,
            "min_risk_reward": 0,
            "min_confidence": 50,
            "max_positions": 4,
        },
        "manager.yaml": {
            "manager": {
                "total_equity_usd": 10_000 * traders,
                "reserve_equity_pct": 10,
                "allocation_strategy": "fixed",
                "rebalance_interval": "100000h",
                "state_storage_backend": "file",
                "state_storage_path": f"{DATA}/manager_state.json",
            },
            "traders": [
                {
                    "id": f"trader_{number:02}",
                    "name": f"Trader {number}",
                    "model": "talker",
                    "prompt_template": "prompts/manager/default.tmpl",
                    "allocation_pct": 90 / traders,
                }
                for number in range(1, traders + 1)
            ],
            "monitoring": {"update_interval": interval},
        },
        "exchange.yaml": {
            "default": "paper",
            "providers": {
                "paper": {"type": "sim", "initial_balance_usd": 10_000 * traders},
            },
        },
        "market.yaml": {
            "default": "made",
            "providers": {
                "made": {
                    "type": "sim",
                    "source": "synthetic",
                    "interval": interval,
                    "start": (START - WARM_UP).isoformat(),
                    "end": (START + span + AFTER).isoformat(),
                }
            },
            "symbols": COINS,
            "intervals": [interval, "4h"],
            "series_bars": 10,
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_project(folder: Path) -> Config:
    """Read the configuration of a run, with the model it names."""
    registry = load_plugins()
    plugin = LoadedPlugin(
        # As one of ours: a stranger would be shown copies, and take most of the time for them.
        name="nof0-llm:generated",
        distribution="nof0-llm",
        version=VERSION,
        module=model.__name__,
    )
    registry.add(plugin, model)
    return configuration.load(folder / "nof0.yaml", registry, data_dir=folder / DATA)
