"""Runs of backtests and sweeps, as `/api/runs` lists them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

RunState = Literal["complete", "incomplete", "running", "unfinished", "broken"]


class RunBest(Struct, kw_only=True):
    """The trader with the highest return; `return_pct` is time-weighted, times 100."""

    id: str
    name: str
    return_pct: float


class Run(Struct, kw_only=True):
    """A folder in `backtests` or `sweeps` of the data directory.

    `state` is `complete` (a report or a page is there), `incomplete` (it was stopped or failed,
    `reason` says why), `running`, `unfinished` (there is no report, and nobody writes one) or
    `broken` (the report cannot be read, `reason` says why). `has_report` says whether it can be
    read as JSON. `changed` is when its report was written, in float seconds UTC. `start` and `end`
    are its window, ISO 8601. What a report does not say is null; `digests` are then empty.
    """

    kind: str
    name: str
    state: RunState
    reason: str
    changed: float
    has_report: bool
    has_page: bool
    start: str | None
    end: str | None
    traders: int | None
    best: RunBest | None
    digests: dict[str, str]


class Runs(Struct, kw_only=True):
    """Runs, the newest report first; `total` is how many there are."""

    runs: list[Run]
    total: int
