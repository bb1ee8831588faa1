"""What commands and companions may use: a configuration, its data, its prompts, its models.

`load_config` resolves the argument CONFIG as `nof0 run` and `nof0 check` do. `data_directory` and
`load_serving` read only what they need of it, so that they work where the rest cannot be used yet.
`open_journal` finds the journal and reads it, also while an engine writes. `preview` renders what a
trader would be asked, `ask` asks it. Core's own commands are made of the same functions.

Nothing here needs a running engine or disturbs one, and nothing trades.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nof0_core.config.addresses import ANY_HOST, ANY_ORIGIN
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
    from nof0_core.project.configuration import load_config
    from nof0_core.project.first_prompt import Preview, find_trader, first_context, preview
    from nof0_core.project.journal import ArchivedDay, JournalReader, open_journal
    from nof0_core.project.online import SectionFindings, look_online
    from nof0_core.project.places import data_directory, running_engine
    from nof0_core.project.results import Results, read_results
    from nof0_core.project.serving import ServingConfig, load_serving

_HOMES = {
    "ANY_HOST": "config.addresses",
    "ANY_ORIGIN": "config.addresses",
    "ArchivedDay": "project.journal",
    "Asked": "project.asking",
    "ClockConfig": "config.model",
    "Config": "config.model",
    "DayState": "journal.days",
    "DayUsage": "journal.usage",
    "IndicatorConfig": "config.model",
    "JournalReader": "project.journal",
    "LoggingConfig": "config.model",
    "Place": "config.model",
    "Preview": "project.first_prompt",
    "Record": "journal.record",
    "Results": "project.results",
    "Section": "config.model",
    "SectionFindings": "project.online",
    "ServingConfig": "project.serving",
    "TraderConfig": "config.model",
    "TtlConfig": "config.model",
    "ask": "project.asking",
    "data_directory": "project.places",
    "find_model": "project.asking",
    "find_trader": "project.first_prompt",
    "first_context": "project.first_prompt",
    "load_config": "project.configuration",
    "look_online": "project.online",
    "load_serving": "project.serving",
    "open_journal": "project.journal",
    "preview": "project.first_prompt",
    "read_results": "project.results",
    "running_engine": "project.places",
}

__all__ = [
    "ANY_HOST",
    "ANY_ORIGIN",
    "ArchivedDay",
    "Asked",
    "ClockConfig",
    "Config",
    "DayState",
    "DayUsage",
    "IndicatorConfig",
    "JournalReader",
    "LoggingConfig",
    "Place",
    "Preview",
    "Record",
    "Results",
    "Section",
    "SectionFindings",
    "ServingConfig",
    "TraderConfig",
    "TtlConfig",
    "ask",
    "data_directory",
    "find_model",
    "find_trader",
    "first_context",
    "load_config",
    "load_serving",
    "look_online",
    "open_journal",
    "preview",
    "read_results",
    "running_engine",
]


def __getattr__(name: str) -> object:
    """Import what was asked for on first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"nof0_core.{_HOMES[name]}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
