"""What commands and companions may use: a configuration, its data, its prompts, its models.

`load_config` resolves the argument CONFIG as `nof0 run` and `nof0 check` do. `data_directory` and
`load_serving` read only what they need of it, so that they work where the rest cannot be used yet.
`open_journal` finds the journal and reads it, also while an engine writes. `preview` renders what a
trader would be asked, `ask` asks it. `run_backtest` runs a configuration over history, `run_sweep`
many that differ.
`chart_libraries` are what pages are drawn with. Core's own commands are made of the same functions.

Nothing here needs a running engine or disturbs one, and nothing trades: `run_on_paper` runs one on
accounts that hold no money. What passed a rehearsal is noted by `keep_rehearsal`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nof0_core.analysis.bootstrap import Interval95
    from nof0_core.analysis.leaderboard import LeaderboardRow
    from nof0_core.backtest.look_ahead import LookAhead
    from nof0_core.backtest.market_facts import CoinFacts
    from nof0_core.backtest.peek import LookAheadError
    from nof0_core.backtest.result import BacktestResult, TraderResult
    from nof0_core.backtest.window import Window
    from nof0_core.charts import chart_libraries
    from nof0_core.config.addresses import ANY_HOST, ANY_ORIGIN
    from nof0_core.config.logos import Logo
    from nof0_core.config.model import (
        ClockConfig,
        Config,
        IndicatorConfig,
        LoggingConfig,
        Place,
        Section,
        TraderConfig,
        TtlConfig,
    )
    from nof0_core.journal.days import DayState
    from nof0_core.journal.record import Record
    from nof0_core.journal.usage import DayUsage
    from nof0_core.project.asking import Asked, ask, find_model
    from nof0_core.project.backtesting import run_backtest
    from nof0_core.project.configuration import load_config
    from nof0_core.project.engine import run_on_paper
    from nof0_core.project.first_prompt import Preview, find_trader, first_context, preview
    from nof0_core.project.journal import ArchivedDay, JournalReader, open_journal
    from nof0_core.project.online import SectionFindings, look_online
    from nof0_core.project.places import data_directory, running_engine
    from nof0_core.project.rehearsals import Rehearsal, keep_rehearsal, passed_rehearsal
    from nof0_core.project.results import Results, read_results
    from nof0_core.project.serving import ServingConfig, load_serving
    from nof0_core.project.sweeping import run_sweep
    from nof0_core.sweep.comparison import SweepEntry, SweepRow
    from nof0_core.sweep.result import SweepFailure, SweepFold, SweepResult

_HOMES = {
    "ANY_HOST": "config.addresses",
    "ANY_ORIGIN": "config.addresses",
    "ArchivedDay": "project.journal",
    "Asked": "project.asking",
    "BacktestResult": "backtest.result",
    "ClockConfig": "config.model",
    "CoinFacts": "backtest.market_facts",
    "Config": "config.model",
    "DayState": "journal.days",
    "DayUsage": "journal.usage",
    "IndicatorConfig": "config.model",
    "Interval95": "analysis.bootstrap",
    "JournalReader": "project.journal",
    "LeaderboardRow": "analysis.leaderboard",
    "Logo": "config.logos",
    "LookAhead": "backtest.look_ahead",
    "LookAheadError": "backtest.peek",
    "LoggingConfig": "config.model",
    "Place": "config.model",
    "Preview": "project.first_prompt",
    "Record": "journal.record",
    "Rehearsal": "project.rehearsals",
    "Results": "project.results",
    "Section": "config.model",
    "SectionFindings": "project.online",
    "ServingConfig": "project.serving",
    "SweepEntry": "sweep.comparison",
    "SweepFailure": "sweep.result",
    "SweepFold": "sweep.result",
    "SweepResult": "sweep.result",
    "SweepRow": "sweep.comparison",
    "TraderConfig": "config.model",
    "TraderResult": "backtest.result",
    "TtlConfig": "config.model",
    "Window": "backtest.window",
    "ask": "project.asking",
    "chart_libraries": "charts",
    "data_directory": "project.places",
    "find_model": "project.asking",
    "find_trader": "project.first_prompt",
    "first_context": "project.first_prompt",
    "load_config": "project.configuration",
    "keep_rehearsal": "project.rehearsals",
    "look_online": "project.online",
    "load_serving": "project.serving",
    "open_journal": "project.journal",
    "passed_rehearsal": "project.rehearsals",
    "preview": "project.first_prompt",
    "read_results": "project.results",
    "run_backtest": "project.backtesting",
    "run_on_paper": "project.engine",
    "run_sweep": "project.sweeping",
    "running_engine": "project.places",
}

__all__ = [
    "ANY_HOST",
    "ANY_ORIGIN",
    "ArchivedDay",
    "Asked",
    "BacktestResult",
    "ClockConfig",
    "CoinFacts",
    "Config",
    "DayState",
    "DayUsage",
    "IndicatorConfig",
    "Interval95",
    "JournalReader",
    "LeaderboardRow",
    "LoggingConfig",
    "Logo",
    "LookAhead",
    "LookAheadError",
    "Place",
    "Preview",
    "Record",
    "Rehearsal",
    "Results",
    "Section",
    "SectionFindings",
    "ServingConfig",
    "SweepEntry",
    "SweepFailure",
    "SweepFold",
    "SweepResult",
    "SweepRow",
    "TraderConfig",
    "TraderResult",
    "TtlConfig",
    "Window",
    "ask",
    "chart_libraries",
    "data_directory",
    "find_model",
    "find_trader",
    "first_context",
    "keep_rehearsal",
    "load_config",
    "load_serving",
    "look_online",
    "open_journal",
    "passed_rehearsal",
    "preview",
    "read_results",
    "run_backtest",
    "run_on_paper",
    "run_sweep",
    "running_engine",
]


def __getattr__(name: str) -> object:
    """Import what was asked for on first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"nof0_core.{_HOMES[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
