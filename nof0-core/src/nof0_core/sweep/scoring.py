"""Which variant is best: the mean of its objective over traders, windows and seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

_LEAST = frozenset({"max_drawdown_pct"})


def goodness(objective: str, value: float) -> float:
    """Return a value so that more is better."""
    return -value if objective in _LEAST else value


def score(records: Iterable[Mapping[str, Any] | None], objective: str) -> float | None:
    """Return the mean of the objective, more being better.

    None where one of the jobs has no result, so that nothing is chosen for what it avoided.
    """
    values: list[float] = []
    for record in records:
        if record is None or record["status"] != "done":
            return None
        values += [one[objective] for one in record["found"]["traders"]]
    return goodness(objective, math.fsum(values) / len(values)) if values else None
