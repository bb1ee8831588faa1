"""One trader while it runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

import attrs

from nof0_core.config.model import TraderConfig
from nof0_core.decision import DecisionMaker
from nof0_core.domain.model import ModelSpec
from nof0_core.manager.sight import PLAIN, Sight

ALERT_AFTER = 3
"""Failed cycles in a row after which a person is told and the trader slows down."""
LONGEST_PAUSE = 16
"""Longest pause between cycles of a failing trader, in decision intervals."""


class TraderStatus(StrEnum):
    """What a trader is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    FAILING = "failing"
    DISK_FULL = "disk_full"


def parameters_of(model: ModelSpec) -> dict[str, object]:
    """Return what a model is asked with, without anything that was left unset."""
    found = {
        "model_name": model.model_name,
        "temperature": model.temperature,
        "max_completion_tokens": model.max_completion_tokens,
        "top_p": model.top_p,
        "mode": model.mode,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


@attrs.define(eq=False)
class Trader:
    """A trader's configuration, its decision maker and what this run knows of it.

    `cycles` counts the cycles of this run; those of earlier runs are in the ledger. `failures`
    counts failed cycles in a row. `pause_until` is set while a failing trader backs off. `due` is
    when it decides next. `is_paused` is set while a person keeps it from deciding. `waits_for`
    names what is not open yet of what it needs; it decides nothing meanwhile, and `is_stuck` tells
    that this has failed often.
    """

    config: TraderConfig
    maker: DecisionMaker
    sight: Sight = PLAIN
    cycles: int = 0
    failures: int = 0
    pause_until: datetime | None = None
    due: datetime | None = None
    is_paused: bool = False
    waits_for: str = ""
    is_stuck: bool = False

    @cached_property
    def _parameters(self) -> dict[str, dict[str, object]]:
        models = (self.config.model, *self.config.fallbacks)
        return {model.name: parameters_of(model) for model in models}

    def parameters(self, model: str) -> dict[str, object]:
        """Return what a model of this trader is asked with."""
        return self._parameters.get(model) or self._parameters[self.config.model.name]

    @property
    def status(self) -> TraderStatus:
        """Return what the trader is doing."""
        if self.is_paused:
            return TraderStatus.PAUSED
        is_failing = self.is_stuck or self.failures >= ALERT_AFTER
        return TraderStatus.FAILING if is_failing else TraderStatus.RUNNING

    def can_begin(self) -> None:
        """Note that all it needs is open: it decides when it is due next, as a new one."""
        self.waits_for, self.is_stuck = "", False
        self.failures = 0
        self.pause_until = None

    def succeeded(self) -> None:
        """Note a cycle that ended in good order."""
        self.cycles += 1
        self.failures = 0
        self.pause_until = None

    def sat_out(self) -> None:
        """Note a cycle no model could be paid for: nothing is broken, so nothing slows down."""
        self.cycles += 1

    def failed(self, now: datetime) -> bool:
        """Note a failed cycle; return whether this is the moment to tell a person.

        From the third failure in a row on the pause doubles each time, up to `LONGEST_PAUSE`
        decision intervals.
        """
        self.cycles += 1
        self.failures += 1
        if self.failures < ALERT_AFTER:
            return False
        factor = min(LONGEST_PAUSE, 2 ** (self.failures - ALERT_AFTER + 1))
        # A little less than a whole number of intervals, so that the cycle at its end runs.
        self.pause_until = now + self.config.decision_interval * factor - timedelta(milliseconds=1)
        return self.failures == ALERT_AFTER

    def is_pausing(self, now: datetime) -> bool:
        """Return whether the trader sits out because it kept failing."""
        return self.pause_until is not None and now < self.pause_until
