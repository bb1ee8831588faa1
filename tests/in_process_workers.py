"""Workers of a sweep without processes: its jobs are done where they are asked."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from nof0_core.backtest.processes.child import Answer
from nof0_core.sweep.worker import answer_to

MANAGER = """
manager: {total_equity_usd: 10000, state_storage_path: ../data/manager_state.json}
traders:
  - id: cross
    prompt_template: prompts/manager/default.tmpl
    model: ema-cross
    decision_interval: 3m
    allocation_pct: 40
    risk_params: {min_risk_reward_ratio: 1.5, min_confidence: 50}
"""
"""One trader, for projects of sweeps."""


@attrs.frozen
class InProcess:
    """Workers that do each job where they are asked, one after the other.

    Look-ahead is checked there, too, or by other processes.
    """

    count: int = 1
    checkers: int = 0
    asked: list = attrs.field(factory=list)
    settings: dict = attrs.field(factory=dict)

    def run(self, work, *, limit) -> Iterator:
        for job, order in work:
            if order["do"] == "job":
                self.asked.append(job.key)
            yield job, Answer(**answer_to(self.settings, {**order, "checkers": self.checkers}))

    def close(self):
        pass
