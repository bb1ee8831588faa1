"""Test kit for plugin authors.

`env` makes the `Env` a service is opened with, on a clock that jumps. `HandMarket` is a market
whose prices a test sets. `nof0_core.testing.contracts` has the suites every plugin must pass:
inherit from one, say which kind and which config, done. `sample_events` and `view` are what
exporters are handed. `Project` writes configuration files and runs the `nof0` command over them.
`private_imports` tells what a package uses of nof0 that is not public.

Needs pytest and anyio's pytest plugin; nothing in the engine imports this package.
"""

from __future__ import annotations

import pytest

from nof0_core.testing.environment import START, Lines, env
from nof0_core.testing.events import sample_events
from nof0_core.testing.imports import private_imports
from nof0_core.testing.market import HandMarket
from nof0_core.testing.project import Outcome, Project
from nof0_core.testing.samples import (
    account,
    approved_entry,
    context,
    decision,
    holding,
    instrument,
    open_entry,
    order_book,
    risk_context,
    venue_view,
)
from nof0_core.testing.views import trader_view, view

# A failed assertion of a suite then shows the values it compared.
pytest.register_assert_rewrite("nof0_core.testing.contracts")

__all__ = [
    "START",
    "HandMarket",
    "Lines",
    "Outcome",
    "Project",
    "account",
    "approved_entry",
    "context",
    "decision",
    "env",
    "holding",
    "instrument",
    "open_entry",
    "order_book",
    "private_imports",
    "risk_context",
    "sample_events",
    "trader_view",
    "venue_view",
    "view",
]
