"""Which alerts are really told while a test runs: by recorder, services, leases, packing, budgets.

`data/alerts_told.txt` names for each code of the documentation a test that has it told. Whenever
such a test has passed, it is looked at whether that is so.
"""

from __future__ import annotations

from functools import wraps
from pathlib import Path

from nof0_core.runtime.lease import HeldLease
from nof0_core.runtime.packing import Packing
from nof0_core.runtime.plugin_alerts import SectionAlerts
from nof0_core.spending.budget import ModelBudget
from nof0_core.state.recorder import Recorder

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "data" / "alerts_told.txt"
told: set[str] = set()
"""Codes that were told since somebody cleared it."""


class _Alarm:
    """An attribute that takes code and text; what goes through it is noted."""

    def __set_name__(self, owner, name):
        self.name = name

    def __set__(self, owner, alarm):
        owner.__dict__[self.name] = alarm

    def __get__(self, owner, _=None):
        def noted(code, *values, **named):
            told.add(str(code))
            return owner.__dict__[self.name](code, *values, **named)

        return noted


def listen():
    """Note from now on what is told."""
    alert, tell = Recorder.alert, SectionAlerts.tell

    @wraps(alert)
    def alerted(self, code, *values, **named):
        told.add(str(code))
        alert(self, code, *values, **named)

    @wraps(tell)
    def telling(self, code, *values, **named):
        told.add(f"plugin_{code}")
        tell(self, code, *values, **named)

    Recorder.alert, SectionAlerts.tell = alerted, telling
    for owner, name in ((HeldLease, "alert"), (Packing, "alert"), (ModelBudget, "_alarm")):
        alarm = _Alarm()
        alarm.__set_name__(owner, name)
        setattr(owner, name, alarm)


def table():
    """Return the codes each test has told, by its path and name without parameters."""
    found: dict[str, set[str]] = {}
    for line in TABLE.read_text().splitlines():
        code, _, test = line.partition(" ")
        found.setdefault(test, set()).add(code)
    return found
