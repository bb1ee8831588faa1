"""Variants beside each other: means over windows and seeds, and what luck may have done."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from nof0_core.analysis.deflated_sharpe import Shape, expected_maximum, probabilistic_sharpe
from nof0_core.sweep.scoring import goodness

Labels = tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class SweepRow:
    """One trader in one job: `figures` as `trader_figures` names them."""

    labels: Labels
    window: tuple[str, str]
    seed: int | None
    fold: int
    is_test: bool
    key: str
    treatment: str
    trader: str
    figures: dict[str, Any] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class SweepEntry:
    """A variant's trader over all its windows and seeds.

    `mean` and `spread` (standard deviation between runs, None for one) are of the objective;
    `deflated` is the probability that its Sharpe ratio is above what the best of all trials shows
    by luck, None where there are too few hours.
    """

    labels: Labels
    trader: str
    runs: int
    mean: float
    spread: float | None
    figures: dict[str, float]
    deflated: float | None


MEANS = ("return_pct", "net_return_pct", "sharpe_daily", "max_drawdown_pct", "trades")


def compare(
    rows: Iterable[SweepRow], *, objective: str, trials: int
) -> tuple[list[SweepEntry], float]:
    """Return the variants, the best first, and the daily Sharpe ratio luck alone would show.

    `trials` is how many variants were ever tried.
    """
    groups: dict[tuple[Labels, str], list[SweepRow]] = {}
    for row in rows:
        groups.setdefault((row.labels, row.trader), []).append(row)
    shapes = {key: _shape(found) for key, found in groups.items()}
    ratios = [ratio for ratio, shape in shapes.values() if shape is not None]
    deviation = statistics.stdev(ratios) if len(ratios) > 1 else 0.0
    luck = expected_maximum(max(trials, len(groups)), deviation)
    entries = [
        _entry(labels, trader, found, objective, shapes[labels, trader], luck)
        for (labels, trader), found in groups.items()
    ]
    entries.sort(key=lambda one: goodness(objective, one.mean), reverse=True)
    return entries, luck * 24**0.5


def _entry(
    labels: Labels,
    trader: str,
    rows: Sequence[SweepRow],
    objective: str,
    shape: tuple[float, Shape | None],
    luck: float,
) -> SweepEntry:
    values = [row.figures[objective] for row in rows]
    ratio, known = shape
    return SweepEntry(
        labels=labels,
        trader=trader,
        runs=len(rows),
        mean=statistics.fmean(values),
        spread=statistics.stdev(values) if len(values) > 1 else None,
        figures={name: statistics.fmean(row.figures[name] for row in rows) for name in MEANS},
        deflated=None if known is None else probabilistic_sharpe(ratio, known, above=luck),
    )


def _shape(rows: Sequence[SweepRow]) -> tuple[float, Shape | None]:
    """Return the mean hourly ratio and the shape of the returns; seeds repeat the same hours."""
    known = [row for row in rows if row.figures["sharpe_hourly"] is not None]
    if not known:
        return 0.0, None
    seeds = len({row.seed for row in known})

    def mean(name: str) -> float:
        return statistics.fmean(row.figures[name] for row in known)

    count = sum(row.figures["hours"] for row in known) / seeds
    shape = Shape(
        count=count,
        skewness=mean("skewness"),
        kurtosis=mean("kurtosis"),
        autocorrelation=mean("autocorrelation"),
    )
    return mean("sharpe_hourly"), shape
